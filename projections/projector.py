"""Reads facts in the order they were recorded and brings every read model up to date, exactly once.

Position and rows commit together, so any process may call ``catch_up`` at any time: the first takes the lock, the
others find nothing left to do. PostgreSQL's notification ids have gaps: contiguity is never required.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Protocol

from sqlalchemy import Engine

from domain.delays import Calendar
from domain.facts import UnreadableFact
from domain.sealing import Keyring
from projections.batch import Batch, DaysOf
from projections.days import Days
from projections.facts import Record, Records, before
from projections.folding import fold_records
from projections.loading import Loader
from projections.searching import Searching
from projections.statements import Driver, connected
from projections.tables import search_tokens
from projections.views import Position, position_of, read_position
from projections.writing import write

PAGE: Final = 2_000
"""Facts in one transaction: with all that five hundred closures record the log is emptied once."""
Calendars = Callable[[bool], Calendar]


class Served(Protocol):
    """Whether some read models are those that serve: a question to their database, and what its answer means."""

    question: str

    def answered(self, rows: Sequence[Any]) -> bool:
        """Whether they serve."""


class _Always:
    question = "SELECT 1"

    def answered(self, rows: Sequence[Any]) -> bool:
        return bool(rows)


class Projector:
    """Brings one database of read models up to date with the facts.

    ``forgotten`` is called after demands left the lists: their sealed names and tokens must leave the disk as well.
    ``served`` is asked, inside the transaction, whether these read models are still those that serve; when they are
    not, nothing is written and the next connection is one to their successors.
    """

    def __init__(
        self,
        engine: Engine,
        records: Records,
        keyring: Keyring,
        calendars: Calendars,
        page: int = PAGE,
        forgotten: Callable[[], object] = lambda: None,
        served: Served | None = None,
    ) -> None:
        self._engine, self._records, self._keyring = engine, records, keyring
        self._days_of, self._page, self._forgotten, self._served = (
            days_of(calendars),
            page,
            forgotten,
            served or _Always(),
        )

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Read to the head and return how many facts were new; raises UnreadableFact, all before it applied."""
        total = 0
        while True:
            number = self._read_page()
            if number is None:
                continue
            total += number
            progress(number)
            if number < self._page:
                return total

    def position(self) -> Position:
        """How far this database has read."""
        with self._engine.connect() as connection:
            return read_position(connection)

    def _read_page(self) -> int | None:
        """How many facts were new in one page; None when other read models serve since a moment."""
        try:
            return self._apply(self._records)
        except UnreadableFact as error:
            if error.number is None or self._apply(before(self._records, error.number)) is not None:
                raise
            return None

    def _apply(self, source: Records) -> int | None:
        with connected(self._engine) as driver:
            seen = position_of(driver.peek(driver.statements.position))
            records = source(seen.notification_id, self._page)
            if not records:
                return 0
            with driver.transaction():
                found, answers = driver.all((driver.statements.lock, ()), (self._served.question, ()))
                at = position_of(found)
                if not self._served.answered(answers):
                    return None
                if at.notification_id != seen.notification_id:
                    records = source(at.notification_id, self._page)
                batch = self._project(driver, at, records)
        if batch is not None and batch.gone:
            self._forgotten()
        return len(records)

    def _project(self, driver: Driver, at: Position, records: Sequence[Record]) -> Batch | None:
        if not records:
            return None
        loader = Loader(driver)
        batch = Batch(loader, self._days_of, at.town)
        loader.load(records, batch)
        fold_records(batch, records)
        new = write(driver, batch)
        findable = [(row.seq, row.demand_id, row.service, row.submitted_at, row.applicant) for row in new]
        tokens = list(Searching(self._keyring, at.generation).rows(findable))
        driver.run(driver.statements.put_new(search_tokens), tokens)
        driver.run(driver.statements.advance, [(records[-1][0], batch.town.written())])
        return batch


def days_of(calendars: Calendars) -> DaysOf:
    """The days of each calendar, worked out once for as long as somebody asks."""
    return cache(lambda alsace_moselle: Days(calendars(alsace_moselle)))
