"""What the rules need from the outside: a history that keeps facts, and a keyring (see ``domain.sealing``)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError

from domain.facts import Fact, Subject

S = TypeVar("S", bound=Subject)
LostRace = IntegrityError
"""Another writer recorded the same version of a history first."""


class Outgoing(msgspec.Struct, frozen=True):
    """A letter to hand to the mail server: sealed under its own key, whose owner is ``mail_id``.

    Its text goes at ``kept_until``, sent or not. One to an agent names him, and a demand only when it is about one.
    """

    mail_id: UUID
    demand_id: UUID | None
    kind: str
    letter: bytes
    at: datetime
    kept_until: datetime
    agent: str | None = None


class History(Protocol):
    """The facts of every subject, in the order they were recorded."""

    def load(self, kind: type[S], identity: UUID) -> S | None:
        """The subject replayed from its facts, or None if nothing ever happened to it."""

    def load_all(self, kind: type[S], identities: Iterable[UUID]) -> Mapping[UUID, S]:
        """The same for some subjects, whose histories are read together; those that have none are left out."""

    def facts(self, identity: UUID, *, gt: int | None = None, lte: int | None = None) -> Sequence[Fact]:
        """The facts of one subject, in order, after version ``gt`` and up to version ``lte``."""

    def append(
        self,
        facts: Sequence[Fact],
        *,
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
    ) -> None:
        """Record facts, letters and intake keys in one transaction; raises LostRace and records nothing.

        ``deadlines`` are instants after which letters recorded earlier may not leave any more.
        """

    def references(self, fingerprints: Sequence[bytes]) -> Mapping[bytes, str]:
        """The references of demands already received under these intake keys."""
