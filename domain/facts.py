"""What every fact of the town hall carries, and how a history of facts becomes its subject again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate, AggregateEvent
from eventsourcing.persistence import MapperDeserialisationError

AGENT = "agent:"


class Command(msgspec.Struct, frozen=True):
    """Who asks for a change, when, and under which id: repeating the id changes nothing.

    ``actor`` is ``agent:<code>``, ``system:<job>`` or ``api:<client>``; ``at`` is an aware instant.
    """

    actor: str
    at: datetime
    id: str
    correlation_id: str | None = None

    @property
    def agent(self) -> str | None:
        """The code of the agent who asks, if an agent asks."""
        return agent_of(self.actor)


def agent_of(actor: str) -> str | None:
    """The agent's code in an actor's name; None for the system and for API clients."""
    return actor.removeprefix(AGENT) if actor.startswith(AGENT) else None


class UnreadableFact(MapperDeserialisationError):
    """A stored fact that this program does not know or that was damaged; it names the place and never the content.

    ``number`` says where it stands among all facts, where that is known.
    """

    def __init__(self, topic: str, identity: UUID | str, version: int, number: int | None = None) -> None:
        super().__init__(f"{topic} of {identity} version {version} cannot be read")
        self.topic, self.identity, self.version, self.number = topic, identity, version, number


class Fact(AggregateEvent):
    """Something that happened and is never changed: by whom, under which command."""

    topic: ClassVar[str]
    seals: ClassVar[dict[str, str]] = {}
    shows: ClassVar[tuple[str, ...]] = ()

    actor: str
    command_id: str
    correlation_id: str | None

    @property
    def agent(self) -> str | None:
        """The code of the agent who did it, if an agent did."""
        return agent_of(self.actor)

    @property
    def name(self) -> str:
        """The fact's name, as the API, the histories and XES show it."""
        return type(self).__name__

    def mutate(self, aggregate: Any) -> Any:
        """Let the subject take this fact in; the versions were checked when it was recorded."""
        self.apply(aggregate)
        aggregate.take_in(self)
        return aggregate


class FirstFact(Fact):
    """The fact that begins a history."""

    begins: ClassVar[type["Subject"]]

    def mutate(self, aggregate: Any) -> Any:
        """Begin a new subject; the library's own way would store a module path and resolve it each time."""
        subject = object.__new__(self.begins)
        subject.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        subject.born()
        return super().mutate(subject)


class Subject(Aggregate):
    """Something with a history of facts, changed only by commands."""

    def born(self) -> None:
        """Nothing has happened yet; subclasses set their empty state."""
        self.command_ids: set[str] = set()
        self.actors: list[str] = []
        self.command: Command | None = None
        self.repeated = False

    def take_in(self, fact: Fact) -> None:
        """What every fact changes: the version, the last instant, who acted, which command is done."""
        self._version = fact.originator_version
        self._modified_on = fact.timestamp
        self.command_ids.add(fact.command_id)
        self.actors.append(fact.actor)

    def under(self, command: Command) -> Self:
        """Bind the commands that follow to their author, instant and id."""
        self.command = command
        self.repeated = command.id in self.command_ids
        return self

    def other_agent_since(self, version: int, agent: str | None) -> str | None:
        """The code of the last other agent who acted after ``version``, if one did."""
        others = (agent_of(actor) for actor in reversed(self.actors[max(version, 0) :]))
        return next((code for code in others if code is not None and code != agent), None)

    def _add(self, fact: type[Fact], **fields: Any) -> None:
        """Record one fact; nothing at all when the command was already carried out."""
        if self.command is None:
            raise RuntimeError("a command needs an author and an instant")
        if self.repeated:
            return
        happened: Fact = fact(  # type: ignore[call-arg]  # the metaclass makes dataclasses, unseen by mypy
            originator_id=self.id,
            originator_version=self.version + 1,
            timestamp=max(self.command.at, self.modified_on),
            actor=self.command.actor,
            command_id=self.command.id,
            correlation_id=self.command.correlation_id,
            **fields,
        )
        happened.mutate(self)
        self.pending_events.append(happened)

    @classmethod
    def _begin(cls, identity: UUID, fact: type[FirstFact], command: Command, **fields: Any) -> Self:
        """Record the first fact of a new history."""
        happened: Fact = fact(  # type: ignore[call-arg]  # the metaclass makes dataclasses, unseen by mypy
            originator_id=identity,
            originator_version=1,
            timestamp=command.at,
            actor=command.actor,
            command_id=command.id,
            correlation_id=command.correlation_id,
            **fields,
        )
        subject: Self = happened.mutate(None)
        subject.pending_events.append(happened)
        subject.command, subject.repeated = command, False
        return subject


def fold(facts: Iterable[Any], subject: Any = None) -> Any:
    """Replay facts onto a subject, or from nothing; None when there are none."""
    for fact in facts:
        subject = fact.mutate(subject)
    return subject
