"""Building the read models again beside those that serve, comparing the two, and letting the new ones serve.

Others go on reading and writing meanwhile. What a killed rebuild leaves is removed by the next one, or by the clock.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from projections.facts import Records
from projections.projector import Calendars, Projector
from projections.rebuild import Rebuild
from projections.statements import Driver, driving
from projections.views import WrongViews, found_views, position_of, read_position, snapshot
from store import locks
from suivi.comparison import Difference, differences
from suivi.copies import remove_left
from suivi.generations import Building
from suivi.records import StoredRecords
from suivi.refusals import CommandRefused
from suivi.stores import SEARCH, Stores

Advance = Callable[[int], None]
_LOCK: Final = "views.rebuild.lock"
_TAKE: Final = f"SELECT pg_try_advisory_lock({locks.REBUILD})"
_BUSY: Final = (
    "Une reconstruction des listes et statistiques est déjà en cours : attendez sa fin, puis recommencez s’il le faut."
)


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild did; ``compared`` is false where the former read models could not be read."""

    facts: int
    generation: UUID
    compared: bool
    differences: list[Difference]


def rebuild(
    stores: Stores, calendars: Calendars, now: datetime, progress: Advance = lambda _: None, *, wait: bool = False
) -> Rebuilt:
    """Build, compare and flip; raises CommandRefused while another rebuild runs, unless it may ``wait``."""
    with _alone(stores, wait=wait):
        sweep_generations(stores, now)
        generation = UUID(bytes=stores.random_bytes(16), version=4)
        stores.keyring.mint([generation], SEARCH, now)
        with stores.generations.building() as built:
            rebuilt = _Work(stores, calendars, built, generation, progress).run()
        if rebuilt.compared:
            sweep_generations(stores, now)
        return rebuilt


def sweep(stores: Stores, now: datetime) -> None:
    """Remove what former generations left, unless a rebuild runs at this moment."""
    try:
        with _alone(stores, wait=False):
            sweep_generations(stores, now)
    except CommandRefused:
        return


def sweep_generations(stores: Stores, now: datetime) -> None:
    """Former read models and left copies go, and with their search keys what their tokens could still tell."""
    remove_left(stores.settings.data_dir)
    stores.generations.sweep()
    serving = _serving(stores.views)
    if serving is not None:
        former = [owner for owner in stores.keyring.active(SEARCH) if owner != serving]
        if former:
            stores.keyring.destroy(former, now)


class _Work:
    """One rebuild under way."""

    def __init__(
        self, stores: Stores, calendars: Calendars, built: Building, generation: UUID, progress: Advance
    ) -> None:
        self._stores, self._calendars, self._built = stores, calendars, built
        self._generation, self._progress = generation, progress
        self._records: Records = StoredRecords(stores.events)
        self._facts = 0

    def run(self) -> Rebuilt:
        readable = _serving(self._stores.views) is not None
        head = self._until_where()
        bulk = Rebuild(self._built.bulk, self._records, self._stores.keyring, self._calendars)
        self._facts = bulk.run(self._generation, head, self._progress)
        self._built.settle()
        found = self._compare() if readable else None
        self._catch_up(self._records)
        self._flip(readable=readable)
        return Rebuilt(self._facts, self._generation, found is not None, found or [])

    def _until_where(self) -> int:
        """As far as the old ones have read, so that both can be compared at one position."""
        try:
            with self._stores.views.connect() as connection:
                return read_position(connection).notification_id
        except (WrongViews, DatabaseError):
            return 2**62

    def _compare(self) -> list[Difference] | None:
        """Both at the position where the old ones are at this moment, whatever is written meanwhile."""
        try:
            with snapshot(self._stores.views) as live:
                pinned = read_position(live)
                self._catch_up(bounded(self._records, pinned.notification_id))
                with self._built.engine.connect() as new:
                    return differences(live, new, self._stores.keyring, pinned.generation)
        except DatabaseError:
            return None

    def _catch_up(self, records: Records) -> None:
        projector = Projector(self._built.engine, records, self._stores.keyring, self._calendars)
        self._facts += projector.catch_up(self._progress)

    def _flip(self, *, readable: bool) -> None:
        """Nobody brings the old ones up to date from the last facts on until the new ones serve."""
        generations = self._stores.generations
        if not readable:
            generations.flip(self._built, None)
            return
        with driving(self._stores.views) as driver:
            _hold(driver)
            self._catch_up(self._records)
            generations.flip(self._built, driver)


def bounded(records: Records, until: int) -> Records:
    """The facts up to a number."""
    return lambda after, most: [record for record in records(after, most) if record[0] <= until]


def _hold(driver: Driver) -> None:
    position_of(driver.all((driver.statements.lock, ()))[0])


def _serving(views: Engine) -> UUID | None:
    """The generation that serves; None where it is missing, damaged or of another version."""
    try:
        if not found_views(views):
            return None
        with views.connect() as connection:
            return read_position(connection).generation
    except (WrongViews, DatabaseError):
        return None


@contextmanager
def _alone(stores: Stores, *, wait: bool) -> Iterator[None]:
    """One rebuild at a time, on this host and on those that share the database."""
    descriptor = os.open(stores.settings.data_dir / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandRefused(_BUSY) from error
        with _alone_anywhere(stores.events, wait=wait):
            yield
    finally:
        os.close(descriptor)


def _wait_for(connection: Any) -> None:
    """A rebuild of another host may last longer than any other lock may be held."""
    connection.exec_driver_sql("SET lock_timeout = 0")
    connection.exec_driver_sql(_TAKE.replace("try_", ""))
    connection.exec_driver_sql("RESET lock_timeout")


@contextmanager
def _alone_anywhere(engine: Any, *, wait: bool) -> Iterator[None]:
    """A lock of the session, which ends with its process."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if wait:
            _wait_for(connection)
        elif not connection.exec_driver_sql(_TAKE).scalar():
            raise CommandRefused(_BUSY)
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({locks.REBUILD})")
