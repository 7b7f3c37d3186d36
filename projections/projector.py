"""Reads facts in the order they were recorded and brings every read model up to date, exactly once.

Position and rows commit together, so any process may call ``catch_up`` at any time: the first takes the lock, the
others find nothing left to do. PostgreSQL's notification ids have gaps: contiguity is never required.
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from eventsourcing.persistence import Notification
from sqlalchemy import Connection, Engine, select, update

from domain.delays import Delays
from domain.facts import Fact
from domain.sealing import Keyring
from projections.batch import Batch, Calendars
from projections.folding import fold_fact
from projections.loading import Loader
from projections.tables import position, procedures
from projections.views import Position, read_position
from projections.writing import write

PAGE = 1_000
Notifications = Callable[[int, int], Sequence[Notification]]
Decode = Callable[[Notification], Fact]


class Projector:
    """Brings one database of read models up to date with the facts.

    ``forgotten`` is called after demands left the lists: their sealed names and tokens must leave the disk as well.
    """

    def __init__(
        self,
        engine: Engine,
        notifications: Notifications,
        decode: Decode,
        keyring: Keyring,
        calendars: Calendars,
        page: int = PAGE,
        forgotten: Callable[[], object] = lambda: None,
    ) -> None:
        self._engine, self._notifications, self._decode = engine, notifications, decode
        self._keyring, self._calendars, self._page, self._forgotten = keyring, calendars, page, forgotten

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Read to the head and return how many facts were new; raises what a fact that cannot be read raises."""
        total = 0
        while True:
            number = self._read_page()
            total += number
            progress(number)
            if number < self._page:
                return total

    def position(self) -> Position:
        """How far this database has read."""
        with self._engine.connect() as connection:
            return read_position(connection)

    def _read_page(self) -> int:
        if not self._notifications(self.position().notification_id, 1):
            return 0
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            at = read_position(connection, lock=True)
            page = self._notifications(at.notification_id, self._page)
            if page:
                batch = self._fold(connection, at, page)
                write(connection, batch, self._search_keys(at.generation))
                _advance(connection, page[-1].id, batch)
        if page and batch.gone:
            self._forgotten()
        return len(page)

    def _fold(self, connection: Connection, at: Position, page: Sequence[Notification]) -> Batch:
        loader = Loader(connection)
        batch = Batch(loader, _delays(connection), self._calendars, alsace_moselle=at.alsace_moselle)
        facts = [(notification.id, self._decode(notification)) for notification in page]
        loader.load({fact.originator_id for _, fact in facts}, batch)
        for seq, fact in facts:
            fold_fact(batch, seq, fact)
        return batch

    def _search_keys(self, generation: UUID) -> Callable[[Sequence[UUID]], Mapping[UUID, object]]:
        return lambda owners: self._keyring.keys([generation, *owners])


def _advance(connection: Connection, notification_id: int, batch: Batch) -> None:
    connection.execute(update(position).values(notification_id=notification_id, alsace_moselle=batch.alsace_moselle))


def _delays(connection: Connection) -> dict[str, Delays]:
    columns = (procedures.c.code, procedures.c.take_days, procedures.c.close_days, procedures.c.working)
    return {code: Delays(take, close, working) for code, take, close, working in connection.execute(select(*columns))}
