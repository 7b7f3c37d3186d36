"""Stories of one demand that read aloud: ``given(submitted).when(put_on_hold).then_refused(NotAllowedNow)``."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from domain.demand import Demand
from domain.errors import Refused
from domain.facts import Command, Fact, fold
from domain.letters import LetterKind
from domain.sealing import Sealed

REFERENCE = "AEN-7QK3-M2XD-H5T1"
MORNING = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
MAIL = UUID(int=7)
SEALED = Sealed(b"a box that only a key opens")


@dataclass(frozen=True)
class Step:
    """One command of the story; by Camille, an hour after the one before, under an id of its own unless said."""

    act: Callable[[Any], Any]
    actor: str = "agent:camille"
    instant: datetime | None = None
    id: str | None = None

    def by(self, actor: str) -> Self:
        """The same command by somebody else."""
        return replace(self, actor=actor)

    def at(self, instant: datetime) -> Self:
        """The same command at a given instant."""
        return replace(self, instant=instant)

    def under(self, command_id: str) -> Self:
        """The same command under a given id."""
        return replace(self, id=command_id)

    def command(self, number: int) -> Command:
        """The command that carries it, the ``number``-th of its story."""
        return Command(self.actor, self.instant or MORNING + timedelta(hours=number), self.id or f"command-{number}")


@dataclass
class Story:
    """What happened so far, and what the last command did."""

    facts: list[Fact] = field(default_factory=list)
    new: list[Fact] = field(default_factory=list)
    refusal: Refused | None = None
    told: int = 0

    @property
    def demand(self) -> Demand:
        """The demand as its facts have made it, replayed from nothing."""
        demand: Demand = fold(self.facts)
        return demand

    def when(self, step: Step) -> "Story":
        """Carry out one command; a refusal is kept for ``then_refused``."""
        command = step.command(self.told)
        demand = self.demand if self.facts else None
        try:
            demand = step.act(command) if demand is None else _acted(step, demand.under(command))
        except Refused as refusal:
            return Story(self.facts, [], refusal, self.told + 1)
        new: list[Fact] = list(demand.collect_events())  # type: ignore[arg-type]  # the library's wider event type
        return Story([*self.facts, *new], new, None, self.told + 1)

    def then(self, *expected: tuple[type[Fact], dict[str, Any]] | type[Fact]) -> "Story":
        """The command was accepted and recorded exactly these facts, with at least these fields."""
        assert self.refusal is None, self.refusal
        pairs = [item if isinstance(item, tuple) else (item, {}) for item in expected]
        assert [type(fact) for fact in self.new] == [kind for kind, _ in pairs]
        for fact, (_, fields) in zip(self.new, pairs, strict=True):
            assert {name: getattr(fact, name) for name in fields} == fields
        return self

    def then_nothing(self) -> "Story":
        """The command was accepted and recorded nothing."""
        return self.then()

    def then_refused(self, error: type[Refused], **fields: Any) -> None:
        """The command was refused, for this reason and with these particulars, and recorded nothing."""
        assert type(self.refusal) is error
        assert {name: getattr(self.refusal, name) for name in fields} == fields
        assert not self.new


def given(*steps: Step) -> Story:
    """What happened before; every step must be possible."""
    story = Story()
    for step in steps:
        story = story.when(step)
        assert story.refusal is None, story.refusal
    return story


def _acted(step: Step, demand: Demand) -> Demand:
    step.act(demand)
    return demand


def _submit(*, has_email: bool) -> Callable[[Any], Demand]:
    return lambda command: Demand.submit(
        command,
        REFERENCE,
        procedure="AEN",
        form_version=1,
        service="État civil",
        channel="internet",
        has_email=has_email,
        applicant=SEALED,
        answers=SEALED,
    )


submitted = Step(_submit(has_email=True), actor="api:site")
submitted_without_address = Step(_submit(has_email=False), actor="api:site")
take_in_charge = Step(lambda demand: demand.take_in_charge())
put_on_hold = Step(lambda demand: demand.put_on_hold("piece_demandee", SEALED))
resume = Step(lambda demand: demand.resume())
reassign = Step(lambda demand: demand.reassign("sacha", SEALED))
add_event = Step(lambda demand: demand.add_event("appel", SEALED))
close = Step(lambda demand: demand.close("traitee", SEALED))
erase = Step(lambda demand: demand.erase("closure", "closed"))
expire = Step(lambda demand: demand.expire("never_taken", MORNING), actor="system:expiry")
remind = Step(lambda demand: demand.remind("untreated", MORNING, ["camille", "sacha"]), actor="system:clock")
mail_sent = Step(lambda demand: demand.mail_sent("contact", MAIL), actor="system:mail")
mail_failed = Step(lambda demand: demand.mail_failed("contact", MAIL, "rejected", 550, "5.1.1"), actor="system:mail")


def request_mail(kind: LetterKind) -> Step:
    """Decide that a letter of this kind leaves."""
    return Step(lambda demand: demand.request_mail(kind, MAIL, SEALED))


def decline_mail(kind: LetterKind) -> Step:
    """Decide that a letter of this kind does not leave."""
    return Step(lambda demand: demand.decline_mail(kind))
