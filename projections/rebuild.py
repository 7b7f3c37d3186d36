"""All read models from the first fact on, into tables that nobody reads yet: bulk inserts, indexes last.

The facts fold as they do after a command; only what is kept in memory between pages and how rows are written differ.
What is kept is bounded, whatever the number of demands.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, Index, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from domain.sealing import Keyring
from projections.batch import Batch
from projections.facts import Records
from projections.folding import fold_records
from projections.loading import Loader
from projections.paces import Town
from projections.projector import Calendars, days_of
from projections.searching import Searching
from projections.statements import Driver, statements_of
from projections.tables import VERSION, metadata, position, search_tokens
from projections.tallies import Tallies
from projections.writing import (
    leave_lists,
    write_finished,
    write_intervals,
    write_open,
    write_settings,
    write_tallies,
)

PAGE: Final = 5_000
_MOST_FINISHED: Final = 5_000
_MOST_OPEN: Final = 40_000
_MOST_TALLIES: Final = 100_000
_TOKENS_OF: Final = 2_000
_LINES: Final = 1_000
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": "\N{REPLACEMENT CHARACTER}"})
"""Characters that COPY reads otherwise, and the one that PostgreSQL cannot keep (``store.servers.PlainText``)."""


class Copying(Driver):
    """On PostgreSQL new rows and amounts go in by COPY, the others in one pipeline."""

    def run(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if self.statements.postgres and len(rows) > 1:
            with self.connection.pipeline():
                super().run(sql, rows)
        else:
            super().run(sql, rows)

    def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        if not self.statements.postgres:
            super().insert(table, rows)
        elif rows:
            self._copy(table.name, table, rows)

    def add(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        if not self.statements.postgres:
            super().add(table, rows)
        elif rows:
            beside = f"{table.name}_to_add"
            self.do(f"CREATE TEMPORARY TABLE {beside} (LIKE {table.name}) ON COMMIT DROP")
            self._copy(beside, table, rows)
            self.do(self.statements.add_from(table, beside))
            self.do(f"DROP TABLE {beside}")

    def _copy(self, name: str, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        columns = ", ".join(table.columns.keys())
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
            for start in range(0, len(rows), _LINES):
                copy.write(_lines(rows[start : start + _LINES]))


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    """Rows in COPY's text format, written column by column: cell by cell took a fifth of a rebuild."""
    return "\n".join(map("\t".join, zip(*map(_column, zip(*rows, strict=True)), strict=True))) + "\n"


def _column(values: Sequence[Any]) -> Sequence[str]:
    """What a column holds is mostly numbers, or texts in which nothing must be escaped."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return [str(value) for value in values]
    if kinds == {str} and _is_plain("".join(values)):
        return values
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    text = str(value)
    return text if _is_plain(text) else text.translate(_ESCAPED)


def _is_plain(text: str) -> bool:
    return text.isprintable() and "\\" not in text


class Rebuild:
    """Builds one generation of read models in an empty database or schema."""

    def __init__(
        self, engine: Engine, records: Records, keyring: Keyring, calendars: Calendars, page: int = PAGE
    ) -> None:
        self._engine, self._records, self._page = engine, records, page
        self._keyring, self._days_of = keyring, days_of(calendars)

    def run(self, generation: UUID, until: int, progress: Callable[[int], None] = lambda _: None) -> int:
        """Build from the facts up to the number ``until``, in one transaction; how many facts were read."""
        statements = statements_of(self._engine.dialect)
        pooled = self._engine.raw_connection()
        try:
            with _unswept():
                driver = Copying(pooled.driver_connection, statements)
                if not statements.postgres:
                    driver.do("BEGIN IMMEDIATE")
                self._create(driver, generation)
                number = self._fill(driver, until, progress)
                self._tokenise(driver, generation)
                for index in _indexes():
                    driver.do(str(CreateIndex(index).compile(dialect=self._engine.dialect)))
                pooled.commit()
        finally:
            pooled.close()
        return number

    def _create(self, driver: Driver, generation: UUID) -> None:
        for table in metadata.sorted_tables:
            driver.do(str(CreateTable(table).compile(dialect=self._engine.dialect)))
        driver.insert(position, [(1, 0, VERSION, generation.hex, Town().written())])

    def _fill(self, driver: Driver, until: int, progress: Callable[[int], None]) -> int:
        loader, after, total = Loader(driver), 0, 0
        batch = Batch(loader, self._days_of, Town())
        while records := self._records(after, self._page):
            if records[-1][0] > until:
                records = [record for record in records if record[0] <= until]
            if not records:
                break
            after, total = records[-1][0], total + len(records)
            loader.load(records, batch)
            fold_records(batch, records)
            _write_some(driver, batch)
            progress(len(records))
        _write_rest(driver, batch)
        driver.run(driver.statements.advance, [(after, batch.town.written())])
        return total

    def _tokenise(self, driver: Driver, generation: UUID) -> None:
        """Tokens last, for those who are still open, in chunks sorted as their table is."""
        searching, after = Searching(self._keyring, generation), 0
        chosen = driver.statements.findable
        while demands := driver.all((chosen, (after, _TOKENS_OF)))[0]:
            after = demands[-1][0]
            driver.insert(search_tokens, sorted(searching.rows(demands)))


def _write_some(driver: Driver, batch: Batch) -> None:
    """Write what has become much, and keep what the next facts will probably touch."""
    if len(batch.finished) > _MOST_FINISHED or len(batch.intervals) > 2 * _MOST_FINISHED:
        write_finished(driver, batch.finished.values())
        batch.finished.clear()
        _write_parts(driver, batch)
    if len(batch.open) > _MOST_OPEN:
        kept = dict(list(batch.open.items())[_MOST_OPEN // 2 :])
        for identity in kept:
            del batch.open[identity]
        write_open(driver, batch)
        batch.open = kept
        _write_parts(driver, batch)
    if len(batch.tallies) > _MOST_TALLIES:
        write_tallies(driver, batch)
        batch.tallies = Tallies()


def _write_rest(driver: Driver, batch: Batch) -> None:
    write_settings(driver, batch)
    write_finished(driver, batch.finished.values())
    write_open(driver, batch)
    _write_parts(driver, batch)
    write_tallies(driver, batch)


def _write_parts(driver: Driver, batch: Batch) -> None:
    leave_lists(driver, batch)
    write_intervals(driver, batch)
    batch.gone.clear()
    batch.intervals.clear()
    batch.ended.clear()


def _indexes() -> Iterator[Index]:
    for table in metadata.sorted_tables:
        yield from sorted(table.indexes, key=lambda index: str(index.name))


@contextmanager
def _unswept() -> Iterator[None]:
    """Millions of rows without cycles: looking for garbage among them would take a third of the time."""
    enabled = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
