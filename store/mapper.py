"""Facts to bytes and back: short stable topics, JSON by msgspec, nothing about modules or classes in the bytes.

A renamed class keeps its topic; a changed shape takes the next topic number and an upcast from the old one.
"""

from typing import Any, Final, cast
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain.agent import Agent
from domain.demand import Demand
from domain.facts import Fact, Subject, UnreadableFact
from domain.procedure import Procedure
from domain.townhall import Townhall

SUBJECTS: Final[tuple[type[Subject], ...]] = (Demand, Agent, Procedure, Townhall)


def fact_classes() -> dict[str, type[Fact]]:
    """Every fact that can be stored, by topic."""
    found: dict[str, type[Fact]] = {}
    for subject in SUBJECTS:
        for value in vars(subject).values():
            if isinstance(value, type) and issubclass(value, Fact) and "topic" in vars(value):
                found[value.topic] = value
    return found


class FactMapper(Mapper[UUID]):
    """The library's mapper, with a table from topic to class instead of module paths."""

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self._decoders = {topic: msgspec.json.Decoder(fact) for topic, fact in fact_classes().items()}
        self._encode = msgspec.json.Encoder().encode
        self._last: tuple[Any, bytes] = (None, b"")

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Id and version have their own columns, so they are left out of the bytes."""
        state = dict(vars(domain_event))
        identity, version = state.pop("originator_id"), state.pop("originator_version")
        return StoredEvent(identity, version, cast("Fact", domain_event).topic, self._encode(state))

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The fact again; raises UnreadableFact."""
        head = b"%b%d," % (self._named(stored_event.originator_id), stored_event.originator_version)
        try:
            return self._decoders[stored_event.topic].decode(head + stored_event.state[1:])
        except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
            place = (stored_event.topic, stored_event.originator_id, stored_event.originator_version)
            raise UnreadableFact(*place) from None

    def _named(self, identity: Any) -> bytes:
        """The beginning of a fact's JSON: writing an id out costs as much as decoding a fact, and a stream has one."""
        last, head = self._last
        if last is not identity:
            head = b'{"originator_id":"%b","originator_version":' % str(identity).encode()
            self._last = (identity, head)
        return head
