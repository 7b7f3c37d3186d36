"""The keyring: one wrapped key per demand and per letter, and a fence for each destroyed one.

A key is never destroyed, an active key, or a fence; a fence stays for ever, so that no key is minted twice for one
owner. Destroying a key marks the epoch as due to turn (``turn``), after which stale bytes of wrapped keys open nothing.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    text,
    update,
)

from domain.errors import Erased
from domain.instants import micros
from domain.sealing import KEY_BYTES, DataKey
from store import locks
from store.epochs import Epochs, MissingEpoch
from store.statements import ReadAmong, SmallStatement, as_uuid
from store.transactions import insert_of, writing

metadata: Final = MetaData()
keys: Final = Table(
    "keys",
    metadata,
    Column("owner", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("epoch", Text),
    Column("wrapped", LargeBinary),
    Column("touched_at", BigInteger, nullable=False),
)
epoch: Final = Table("epoch", metadata, Column("name", Text, primary_key=True), Column("stale_since", BigInteger))
ACTIVE: Final = keys.c.state == literal_column("'active'")
Index("keys_active", keys.c.kind, keys.c.touched_at, sqlite_where=ACTIVE, postgresql_where=ACTIVE)

_present: Final = select(epoch.c.name)
_named: Final = _present.with_for_update(read=True)
_alone: Final = _present.with_for_update()
"""Every writer reads the epoch's name first: those who only mint share it, and a key cannot change while it turns."""
_among: Final = (
    select(keys).where(keys.c.owner.in_(bindparam("owners", expanding=True))).order_by(keys.c.owner).with_for_update()
)
_active: Final = select(keys.c.owner, keys.c.epoch, keys.c.wrapped).where(ACTIVE)
_destroy: Final = (
    update(keys)
    .where(keys.c.owner.in_(bindparam("owners", expanding=True)), ACTIVE)
    .values(state="destroyed", wrapped=None, epoch=None, touched_at=bindparam("at"))
)
_touch: Final = (
    update(keys).where(keys.c.owner.in_(bindparam("owners", expanding=True)), ACTIVE).values(touched_at=bindparam("at"))
)
_stale: Final = update(epoch).where(epoch.c.stale_since.is_(None)).values(stale_since=bindparam("at"))
_LOCK: Final = text(f"SELECT pg_advisory_lock({locks.KEYRING_TURN})")
_UNLOCK: Final = text(f"SELECT pg_advisory_unlock({locks.KEYRING_TURN})")
_CHUNK: Final = 500


class StoredKeyring:
    """Keys in a small database of their own, wrapped by the epoch key; see ``domain.sealing.Keyring``."""

    def __init__(self, engine: Engine, epochs: Epochs, random_bytes: Callable[[int], bytes], lock_file: Path) -> None:
        self._engine, self._epochs, self._random, self._lock_file = engine, epochs, random_bytes, lock_file
        self._active = ReadAmong(engine, _active, keys.c.owner)
        self._name = SmallStatement(engine.dialect, _named)
        put = insert_of(engine.dialect, keys).on_conflict_do_nothing().returning(keys.c.owner)
        self._put = SmallStatement(engine.dialect, put, keys.columns.keys())

    def mint(self, owners: Iterable[UUID], kind: str, at: datetime) -> Mapping[UUID, DataKey]:
        """Make or find the active key of each owner; raises Erased for one already destroyed.

        ``at`` is the wall clock, never a fact's own time: the sweep discards keys that nothing used for an hour, and a
        key found is touched, so that it cannot go while it is used. The epoch's name is read in the transaction that
        inserts the rows, so no key is wrapped by a departing epoch.
        """
        return self.mint_each(dict.fromkeys(owners, kind), at)

    def mint_each(self, kinds: Mapping[UUID, str], at: datetime) -> Mapping[UUID, DataKey]:
        """The same for owners of several kinds, in one transaction."""
        made = {owner: self._random(KEY_BYTES) for owner in sorted(kinds)}
        with writing(self._engine) as connection:
            ((name,),) = self._name.rows(connection)
            rows = [self._row(owner, kinds[owner], str(name), key, at) for owner, key in made.items()]
            inserted = {as_uuid(owner) for (owner,) in self._put.each(connection, rows)}
            found = _found(connection, [owner for owner in made if owner not in inserted])
            if found:
                connection.execute(_touch, {"owners": list(found), "at": micros(at)})
        fresh = {owner: DataKey(key, self._random) for owner, key in made.items() if owner not in found}
        known = self.keys(found) if found else {}
        if len(known) < len(found):
            raise Erased
        return {**fresh, **known}

    def keys(self, owners: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The active keys among the owners; a key whose epoch turned meanwhile is read again once."""
        wanted = list(owners)
        try:
            return self._unwrapped(wanted)
        except MissingEpoch:
            return self._unwrapped(wanted)

    def destroy(self, owners: Iterable[UUID], at: datetime) -> None:
        """Destroy keys for ever and leave fences, then push the old bytes out of the write-ahead log."""
        wanted, destroyed = list(owners), 0
        with writing(self._engine) as connection:
            connection.scalars(_alone).one()
            for start in range(0, len(wanted), _CHUNK):
                parameters = {"owners": wanted[start : start + _CHUNK], "at": micros(at)}
                destroyed += connection.execute(_destroy, parameters).rowcount
            if destroyed:
                connection.execute(_stale, {"at": micros(at)})
        if destroyed:
            self.checkpoint()

    def passing(self) -> DataKey:
        """A key that is stored nowhere: what it seals nobody opens after this job."""
        return DataKey(self._random(KEY_BYTES), self._random)

    def checkpoint(self) -> None:
        """Empty the write-ahead log, one process at a time: SQLite 3.40 may corrupt it when checkpoints race."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._alone_here("checkpoint"), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()

    def stale_since(self) -> int | None:
        """Since when (microseconds) a destroyed key still has bytes under the present epoch; None when it has not."""
        with self._engine.connect() as connection:
            since: int | None = connection.scalars(select(epoch.c.stale_since)).one()
        return since

    def turn(self) -> int:
        """Turn the epoch: every active key is wrapped anew and the old epoch's file is destroyed; how many were.

        The steps are idempotent: a crash in between leaves two files, and the next turn removes what no row names.
        """
        with self._alone("turn"):
            number = self._wrap_again(self._epochs.new())
            self.checkpoint()
            self._remove_departed()
        return number

    def remove_departed(self) -> None:
        """Destroy the files of epochs that no row names any more; never the new file of a turn under way."""
        with self._alone("turn"):
            self._remove_departed()

    def _remove_departed(self) -> None:
        with self._engine.connect() as connection:
            named = set(connection.scalars(select(keys.c.epoch).where(ACTIVE).distinct()))
            named.add(connection.scalars(_present).one())
        for name in self._epochs.names():
            if name not in named:
                self._epochs.remove(name)

    def active(self, kind: str, before: datetime | None = None, since: datetime | None = None) -> list[UUID]:
        """The owners of active keys of a kind, last touched from ``since`` on and before an instant."""
        chosen = select(keys.c.owner).where(ACTIVE, keys.c.kind == kind)
        if before is not None:
            chosen = chosen.where(keys.c.touched_at < micros(before))
        if since is not None:
            chosen = chosen.where(keys.c.touched_at >= micros(since))
        with self._engine.connect() as connection:
            return list(connection.scalars(chosen.order_by(keys.c.touched_at)))

    def discard(self, owners: Sequence[UUID], before: datetime) -> None:
        """Remove keys that never got a subject, unless they were touched since; they leave no fence."""
        unused = delete(keys).where(keys.c.owner.in_(owners), ACTIVE, keys.c.touched_at < micros(before))
        with writing(self._engine) as connection:
            connection.scalars(_alone).one()
            if connection.execute(unused).rowcount:
                connection.execute(_stale, {"at": micros(before)})

    def _wrap_again(self, fresh: str) -> int:
        with writing(self._engine) as connection:
            departing = connection.scalars(_alone).one()
            rows = connection.execute(select(keys.c.owner, keys.c.epoch, keys.c.wrapped).where(ACTIVE)).all()
            again = [
                {
                    "of": owner,
                    "name": fresh,
                    "box": self._epochs.wrap(fresh, owner.bytes, self._epochs.unwrap(name, owner.bytes, wrapped)),
                }
                for owner, name, wrapped in rows
            ]
            if again:
                connection.execute(
                    update(keys)
                    .where(keys.c.owner == bindparam("of"))
                    .values(epoch=bindparam("name"), wrapped=bindparam("box")),
                    again,
                )
            connection.execute(update(epoch).where(epoch.c.name == departing).values(name=fresh, stale_since=None))
        return len(again)

    def _unwrapped(self, owners: list[UUID]) -> dict[UUID, DataKey]:
        by_text = {owner.hex: owner for owner in owners}
        found = {by_text.get(owner, owner): row for owner, *row in self._active.rows(owners)}
        return {
            owner: DataKey(self._epochs.unwrap(name, owner.bytes, wrapped), self._random)
            for owner, (name, wrapped) in found.items()
        }

    @contextmanager
    def _alone(self, purpose: str) -> Iterator[None]:
        """One process at a time, on this host and on those that share the database and the keys directory."""
        with self._alone_here(purpose), self._alone_anywhere():
            yield

    @contextmanager
    def _alone_anywhere(self) -> Iterator[None]:
        if self._engine.dialect.name != "postgresql":
            yield
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(_LOCK)
            try:
                yield
            finally:
                connection.execute(_UNLOCK)

    @contextmanager
    def _alone_here(self, purpose: str) -> Iterator[None]:
        descriptor = os.open(self._lock_file.with_suffix(f".{purpose}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _row(self, owner: UUID, kind: str, name: str, key: bytes, at: datetime) -> tuple[object, ...]:
        return owner, kind, "active", name, self._epochs.wrap(name, owner.bytes, key), micros(at)


def _found(connection: Connection, owners: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The rows of these owners, locked so that no sweep discards them before they are touched; raises Erased."""
    found = {row.owner: row for row in connection.execute(_among, {"owners": owners})} if owners else {}
    if any(row.state != "active" for row in found.values()):
        raise Erased
    return found


def create_tables(connection: Connection, first_epoch: Callable[[], str]) -> None:
    """The keyring's tables, and the first epoch where there is none."""
    metadata.create_all(connection)
    if connection.scalars(select(epoch.c.name)).one_or_none() is None:
        connection.execute(insert(epoch).values(name=first_epoch(), stale_since=None))
