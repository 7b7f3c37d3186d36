"""A history and a keyring in memory, which keep the promises of the ports and nothing on a disk."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import TypeVar
from uuid import UUID

import msgspec

from domain.errors import Erased
from domain.facts import Fact, Subject, fold
from domain.ports import LostRace, Outgoing
from domain.sealing import KEY_BYTES, DataKey

S = TypeVar("S", bound=Subject)


class MemoryHistory:
    """Facts in lists; ``meanwhile`` holds what other people do just before the next appends, for races."""

    def __init__(self) -> None:
        self.recorded: list[Fact] = []
        self.letters: dict[UUID, Outgoing] = {}
        self.intake: dict[bytes, str] = {}
        self.meanwhile: list[Callable[[], None]] = []

    def load(self, kind: type[S], identity: UUID) -> S | None:
        """The subject replayed from its facts."""
        subject = fold(self.facts(identity))
        return subject if isinstance(subject, kind) else None

    def load_all(self, kind: type[S], identities: Iterable[UUID]) -> Mapping[UUID, S]:
        """The subjects that have facts."""
        found = {identity: fold(self.facts(identity)) for identity in identities}
        return {identity: subject for identity, subject in found.items() if isinstance(subject, kind)}

    def facts(self, identity: UUID, *, gt: int | None = None, lte: int | None = None) -> Sequence[Fact]:
        """The facts of one subject, in order."""
        return [
            fact
            for fact in self.recorded
            if fact.originator_id == identity
            and (gt is None or fact.originator_version > gt)
            and (lte is None or fact.originator_version <= lte)
        ]

    def append(
        self,
        facts: Sequence[Fact],
        *,
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
    ) -> None:
        """Record all or nothing."""
        if self.meanwhile:
            self.meanwhile.pop(0)()
        taken = {(fact.originator_id, fact.originator_version) for fact in self.recorded}
        versions = [(fact.originator_id, fact.originator_version) for fact in facts]
        if len(set(versions)) < len(versions) or not taken.isdisjoint(versions):
            raise LostRace("version")
        if not self.intake.keys().isdisjoint(intake or {}):
            raise LostRace("intake key")
        self.recorded.extend(facts)
        self.letters = {letter.mail_id: letter for letter in outbox} | self.letters
        for mail_id, until in (deadlines or {}).items():
            if mail_id in self.letters:
                self.letters[mail_id] = msgspec.structs.replace(self.letters[mail_id], kept_until=until)
        self.intake.update(intake or {})

    def references(self, fingerprints: Sequence[bytes]) -> Mapping[bytes, str]:
        """The references known under these intake keys."""
        return {key: self.intake[key] for key in fingerprints if key in self.intake}


class MemoryKeyring:
    """Keys in a dictionary; None is the fence of a destroyed one."""

    def __init__(self) -> None:
        self.stored: dict[UUID, bytes | None] = {}
        self.random_bytes = Random(20270301).randbytes  # the same story, the same bytes

    def mint(self, owners: Iterable[UUID], kind: str, at: datetime) -> Mapping[UUID, DataKey]:
        """Make or find the active keys."""
        return self.mint_each(dict.fromkeys(owners, kind), at)

    def mint_each(self, kinds: Mapping[UUID, str], at: datetime) -> Mapping[UUID, DataKey]:
        """Make or find the active keys."""
        del at
        wanted = list(kinds)
        if any(owner in self.stored and self.stored[owner] is None for owner in wanted):
            raise Erased
        for owner in wanted:
            self.stored.setdefault(owner, self.random_bytes(KEY_BYTES))
        return self.keys(wanted)

    def keys(self, owners: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The active keys among the owners."""
        stored = {owner: self.stored.get(owner) for owner in owners}
        return {owner: DataKey(key, self.random_bytes) for owner, key in stored.items() if key is not None}

    def destroy(self, owners: Iterable[UUID], at: datetime) -> None:
        """Leave fences."""
        del at
        self.stored.update(dict.fromkeys((owner for owner in owners if owner in self.stored), None))

    def passing(self) -> DataKey:
        """A key that is stored nowhere."""
        return DataKey(self.random_bytes(KEY_BYTES), self.random_bytes)
