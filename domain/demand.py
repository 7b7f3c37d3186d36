"""A demand's whole life: the facts in the order they happen, the commands that add them, the guards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from domain.errors import AlreadyDecided, NoAddress, NotAllowedNow
from domain.facts import Command, Fact, FirstFact
from domain.letters import LetterKind
from domain.references import demand_id
from domain.sealing import Sealed
from domain.standing import Standing
from domain.status import ANY, OPEN, Status

MAIL_SHOWS = ("kind", "mail_id", "why")


class Demand(Standing):
    """What a citizen asks of the town hall, from the form to its closure and erasure."""

    class Event(Fact):
        """Any fact of a demand: the statuses it may come from, the status it leads to (None: the same)."""

        comes_from: ClassVar[frozenset[Status]] = ANY
        leads_to: ClassVar[Status | None] = None

    class Submitted(FirstFact, Event):
        """The citizen's form arrived."""

        topic = "demand.submitted:1"
        comes_from = frozenset()
        leads_to = Status.UNTREATED
        seals: ClassVar = {"applicant": "applicant", "answers": "answers"}
        shows = ("procedure", "service", "channel", "has_email")
        reference: str
        procedure: str
        form_version: int
        service: str
        channel: str
        has_email: bool
        applicant: Sealed
        answers: Sealed

        def apply(self, aggregate: "Demand") -> None:
            aggregate.reference, aggregate.procedure, aggregate.service = self.reference, self.procedure, self.service
            aggregate.form_version, aggregate.channel = self.form_version, self.channel
            aggregate.has_email, aggregate.submitted_at = self.has_email, self.timestamp
            aggregate.applicant, aggregate.answers = self.applicant, self.answers

    class TakenInCharge(Event):
        """An agent takes the demand in charge and becomes its owner."""

        topic = "demand.taken-in-charge:1"
        comes_from = frozenset({Status.UNTREATED})
        leads_to = Status.IN_PROGRESS

        def apply(self, aggregate: "Demand") -> None:
            aggregate.owner, aggregate.taken_at = self.agent, self.timestamp

    class PutOnHold(Event):
        """The demand waits for something outside the town hall; no reminder meanwhile."""

        topic = "demand.put-on-hold:1"
        comes_from = frozenset({Status.IN_PROGRESS})
        leads_to = Status.ON_HOLD
        seals: ClassVar = {"detail": "details"}
        shows = ("reason",)
        reason: str
        detail: Sealed | None

        def apply(self, aggregate: "Demand") -> None:
            aggregate.held_since = self.timestamp

    class Resumed(Event):
        """What was awaited came: the clocks of the demand run again (« réaffecter statut en cours »)."""

        topic = "demand.resumed:1"
        comes_from = frozenset({Status.ON_HOLD})
        leads_to = Status.IN_PROGRESS

        def apply(self, aggregate: "Demand") -> None:
            if aggregate.held_since is not None:
                aggregate.held_seconds += (self.timestamp - aggregate.held_since).total_seconds()
            aggregate.held_since = None

    class Reassigned(Event):
        """Another agent becomes the owner, or is designated while nobody took the demand yet."""

        topic = "demand.reassigned:1"
        comes_from = OPEN
        seals: ClassVar = {"note": "comments"}
        shows = ("previous", "to")
        previous: str | None
        to: str
        note: Sealed | None

        def apply(self, aggregate: "Demand") -> None:
            aggregate.owner = self.to

    class EventAdded(Event):
        """An agent's milestone: a piece asked for, a call, an act sent."""

        topic = "demand.event-added:1"
        comes_from = OPEN
        seals: ClassVar = {"comment": "comments"}
        shows = ("event_type",)
        event_type: str
        comment: Sealed | None

    class MailRequested(Event):
        """A letter to the citizen was decided; a closing letter keeps its text in the outbox only."""

        topic = "demand.mail-requested:1"
        seals: ClassVar = {"letter": "mail"}
        shows = MAIL_SHOWS
        kind: str
        mail_id: UUID
        letter: Sealed | None

        def apply(self, aggregate: "Demand") -> None:
            aggregate.await_letter(self.kind, self.mail_id)

    class MailSent(Event):
        """The mail server took the letter."""

        topic = "demand.mail-sent:1"
        shows = MAIL_SHOWS
        kind: str
        mail_id: UUID

        def apply(self, aggregate: "Demand") -> None:
            aggregate.unsent.pop(self.mail_id, None)

    class MailFailed(Event):
        """The letter could not be delivered; ``why`` is a code, never the server's own words."""

        topic = "demand.mail-failed:1"
        shows = MAIL_SHOWS
        kind: str
        mail_id: UUID
        why: str
        smtp_status: int | None
        enhanced_status: str | None

        def apply(self, aggregate: "Demand") -> None:
            aggregate.failed.add(self.mail_id)

    class MailDeclined(Event):
        """No letter leaves: the agent declined it, or the citizen left no address."""

        topic = "demand.mail-declined:1"
        shows = MAIL_SHOWS
        kind: str
        why: str

        def apply(self, aggregate: "Demand") -> None:
            aggregate.letters.add(self.kind)

    class Reminded(Event):
        """Agents were reminded of a demand that waits too long."""

        topic = "demand.reminded:1"
        comes_from = frozenset({Status.UNTREATED, Status.IN_PROGRESS})
        shows = ("kind", "occurrence", "agents")
        kind: str
        occurrence: datetime
        agents: tuple[str, ...]

    class ExpiryWarned(Event):
        """Agents were warned that the demand is deleted at the deadline unless somebody takes it in charge."""

        topic = "demand.expiry-warned:1"
        comes_from = frozenset({Status.UNTREATED})
        shows = ("deadline", "days_before", "agents")
        deadline: datetime
        days_before: int
        agents: tuple[str, ...]

    class Closed(Event):
        """The demand is finished; its personal data go in the same save."""

        topic = "demand.closed:1"
        comes_from = frozenset({Status.IN_PROGRESS})
        leads_to = Status.CLOSED
        seals: ClassVar = {"comment": "comments"}
        shows = ("outcome",)
        outcome: str | None
        comment: Sealed | None

        def apply(self, aggregate: "Demand") -> None:
            aggregate.closed_at, aggregate.outcome = self.timestamp, self.outcome

    class Expired(Event):
        """Nobody took the demand in the time the procedure allows: it is deleted."""

        topic = "demand.expired:1"
        comes_from = frozenset({Status.UNTREATED})
        leads_to = Status.DELETED
        shows = ("deadline",)
        rule: str
        deadline: datetime

        def apply(self, aggregate: "Demand") -> None:
            aggregate.closed_at = self.timestamp

    class PersonalDataErased(Event):
        """The citizen's data are gone for good: why, under which rule, how many of each category."""

        topic = "demand.personal-data-erased:1"
        comes_from = frozenset({Status.CLOSED, Status.DELETED})
        shows = ("reason", "categories")
        reason: str
        rule: str
        categories: dict[str, int]

        def apply(self, aggregate: "Demand") -> None:
            aggregate.erased_at = self.timestamp

    @classmethod
    def submit(cls, command: Command, reference: str, **fields: Any) -> Self:
        """Receive a citizen's form under a new reference."""
        return cls._begin(demand_id(reference), cls.Submitted, command, reference=reference, **fields)

    def take_in_charge(self, *, letters: bool = True) -> None:
        """Become the owner of an untreated demand; without an address the acknowledgement is declined by itself."""
        self._add(self.TakenInCharge)
        if letters and not self.has_email:
            self.decline_mail(LetterKind.ACKNOWLEDGEMENT)

    def put_on_hold(self, reason: str, detail: Sealed | None = None) -> None:
        """Suspend the demand, and its reminders, until it is resumed."""
        self._add(self.PutOnHold, reason=reason, detail=detail)

    def resume(self) -> None:
        """Put the demand back in progress."""
        self._add(self.Resumed)

    def reassign(self, to: str, note: Sealed | None = None) -> None:
        """Give the demand to another agent; a demand on hold stays on hold."""
        self._add(self.Reassigned, previous=self.owner, to=to, note=note)

    def add_event(self, event_type: str, comment: Sealed | None = None) -> None:
        """Mark a milestone."""
        self._add(self.EventAdded, event_type=event_type, comment=comment)

    def require_letter(self, kind: LetterKind) -> None:
        """Raise NotAllowedNow or AlreadyDecided unless this letter may be decided now."""
        if self.repeated:
            return
        if self.status not in kind.comes_from:
            raise NotAllowedNow(self.reference, self.MailRequested.__name__, self.status, self.owner)
        if kind.decided_once and kind in self.letters:
            raise AlreadyDecided(self.reference, kind, self.status, self.owner)

    def request_mail(self, kind: LetterKind, mail_id: UUID, letter: Sealed | None) -> None:
        """Decide that a letter leaves for the citizen; one that failed may leave again in any status."""
        if mail_id not in self.failed:
            self.require_letter(kind)
        if not self.has_email:
            raise NoAddress("no address", self.reference, self.status, self.owner)
        self._add(self.MailRequested, kind=kind, mail_id=mail_id, letter=letter)

    def decline_mail(self, kind: LetterKind) -> None:
        """Decide that a letter does not leave, or note that there is no address to send it to."""
        self.require_letter(kind)
        self._add(self.MailDeclined, kind=kind, why="declined" if self.has_email else "no_address")

    def mail_sent(self, kind: str, mail_id: UUID) -> None:
        """Note that the mail server took a letter."""
        self._add(self.MailSent, kind=kind, mail_id=mail_id)

    def mail_failed(self, kind: str, mail_id: UUID, why: str, status: int | None, enhanced: str | None) -> None:
        """Note that a letter will not arrive."""
        self._add(self.MailFailed, kind=kind, mail_id=mail_id, why=why, smtp_status=status, enhanced_status=enhanced)

    def remind(self, kind: str, occurrence: datetime, agents: Sequence[str]) -> None:
        """Note that the agents were reminded; one fact per kind and occurrence."""
        self._add(self.Reminded, kind=kind, occurrence=occurrence, agents=tuple(agents))

    def warn_of_expiry(self, deadline: datetime, days_before: int, agents: Sequence[str]) -> None:
        """Note that the agents were warned of the deletion; one fact per deadline and warning."""
        self._add(self.ExpiryWarned, deadline=deadline, days_before=days_before, agents=tuple(agents))

    def close(self, outcome: str | None, comment: Sealed | None = None) -> None:
        """Finish the demand; ``erase`` must follow in the same save."""
        self._add(self.Closed, outcome=outcome, comment=comment)

    def expire(self, rule: str, deadline: datetime) -> None:
        """Delete a demand nobody took in time; ``erase`` must follow in the same save."""
        self._add(self.Expired, rule=rule, deadline=deadline)

    def erase(self, reason: str, rule: str) -> None:
        """State that the personal data are gone; the key is destroyed right after the save."""
        self._add(
            self.PersonalDataErased, reason=reason, rule=rule, categories=dict(sorted(self.sealed_counts.items()))
        )


Demand.Submitted.begins = Demand
