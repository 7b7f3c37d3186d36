"""The register of facts: the library's Application over our recorder and mapper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, Notification
from eventsourcing.utils import EnvType
from sqlalchemy import Engine

from domain.facts import Fact, Subject, fold
from domain.ports import Outgoing
from store.intake_keys import found, intake_keys
from store.mapper import FactMapper
from store.statements import ReadAmong

S = TypeVar("S", bound=Subject)


class Register(Application[UUID]):
    """Keeps facts and gives them back; neither cache nor snapshots, since 500 facts replay in about a millisecond."""

    name = "suivi"

    def __init__(self, env: EnvType, engine: Engine) -> None:
        super().__init__(env)
        self.engine = engine
        self._received = ReadAmong(engine, found, intake_keys.c.fingerprint)

    def construct_mapper(self) -> Mapper[UUID]:
        return FactMapper()

    def load(self, kind: type[S], identity: UUID) -> S | None:
        """The subject replayed from its facts, or None if nothing ever happened to it."""
        subject: Any = fold(self.facts(identity))
        return subject if isinstance(subject, kind) else None

    def load_all(self, kind: type[S], identities: Iterable[UUID]) -> Mapping[UUID, S]:
        """The subjects that have facts, replayed from histories that are read together."""
        subjects = ((identity, fold(facts)) for identity, facts in self._histories(identities))
        return {identity: subject for identity, subject in subjects if isinstance(subject, kind)}

    def histories(self, identities: Iterable[UUID]) -> Mapping[UUID, Sequence[Fact]]:
        """The facts of some subjects, each in order, read together; those that have none are left out."""
        return {identity: list(facts) for identity, facts in self._histories(identities)}

    def facts(self, identity: UUID, *, gt: int | None = None, lte: int | None = None) -> Sequence[Fact]:
        """The facts of one subject, in order."""
        stored = self.recorder.select_events(identity, gt=gt, lte=lte)
        return [self.mapper.to_domain_event(event) for event in stored]  # type: ignore[misc]  # only facts are stored

    def _histories(self, identities: Iterable[UUID]) -> Iterator[tuple[UUID, Iterator[Fact]]]:
        stored = self.recorder.select_histories(list(identities))  # type: ignore[attr-defined]  # both of ours have it
        for identity, history in groupby(stored, attrgetter("originator_id")):
            yield identity, map(self.mapper.to_domain_event, history)  # type: ignore[arg-type]  # only facts are stored

    def append(
        self,
        facts: Sequence[Fact],
        *,
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
    ) -> None:
        """Record facts, letters and intake keys in one transaction; raises LostRace and records nothing."""
        stored = [self.mapper.to_stored_event(fact) for fact in facts]
        self.recorder.insert_events(stored, outbox=outbox, deadlines=deadlines, intake=intake)

    def references(self, fingerprints: Sequence[bytes]) -> Mapping[bytes, str]:
        """The references of demands already received under these intake keys."""
        return {bytes(fingerprint): reference for fingerprint, reference in self._received.rows(fingerprints)}

    def notifications(self, after: int, most: int) -> Sequence[Notification]:
        """Stored facts recorded after a notification id, in order; ids may have gaps."""
        return self.recorder.select_notifications(after, most, inclusive_of_start=False)

    def head(self) -> int:
        """The id of the last recorded fact; 0 in an empty register."""
        return self.recorder.max_notification_id() or 0

    def fact(self, notification: Notification) -> Fact:
        """The fact in a notification."""
        return self.mapper.to_domain_event(notification)  # type: ignore[return-value]  # only facts are stored
