"""The projector's own statements: composed and compiled once by Core, then run on the driver's cursor with tuples.

Core's execution costs more than SQLite itself does; a catch-up after a command is made of a dozen small statements.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Engine,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from projections.tables import current, intervals, position, procedures, search_tokens

Query = tuple[str, Sequence[Any]]
_IMMEDIATE: Final = "BEGIN IMMEDIATE"


class Statements:
    """Texts in the words of one database; parameters are positional, in the order of the columns."""

    def __init__(self, dialect: Dialect) -> None:
        self.postgres = dialect.name == "postgresql"
        self._dialect = type(dialect)(paramstyle="format" if self.postgres else "qmark")  # type: ignore[call-arg]
        self._insert: Any = postgresql.insert if self.postgres else sqlite.insert
        self._made: dict[tuple[str, str], str] = {}
        lock = select(position.c.notification_id, position.c.version, position.c.generation, position.c.town)
        self.position = self._text(lock)
        self.lock = self._text(lock.with_for_update())
        self.advance = self._text(update(position), "notification_id", "town")
        self.leave = self._text(delete(current).where(self._among(current.c.seq, "bigint[]")))
        self.forget = self._text(delete(search_tokens).where(self._among(search_tokens.c.seq, "bigint[]")))
        self.end = self._text(
            update(intervals)
            .values(until=bindparam("at"))
            .where(intervals.c.demand_id == bindparam("of"), intervals.c.version == bindparam("from_version"))
        )
        self.terms = self._text(
            select(*(procedures.c[name] for name in ("code", "take_days", "close_days", "working", "reminder_days")))
        )
        self.findable = self._text(
            select(current.c.seq, current.c.demand_id, current.c.service, current.c.submitted_at, current.c.applicant)
            .where(current.c.seq > bindparam("after"))
            .order_by(current.c.seq)
        ) + (" LIMIT %s" if self.postgres else " LIMIT ?")
        self.of_procedure = self._text(select(current).where(current.c.procedure == bindparam("procedure")))

    def insert(self, table: Table) -> str:
        """New rows."""
        return self._once("insert", table, lambda: insert(table))

    def put_new(self, table: Table) -> str:
        """Rows that may stand already."""
        return self._once("new", table, lambda: self._insert(table).on_conflict_do_nothing())

    def upsert(self, table: Table) -> str:
        """Rows that take the place of those with their key."""
        return self._once("upsert", table, lambda: self._on_conflict(table, lambda _, new: new))

    def add(self, table: Table) -> str:
        """Amounts to add to what stands there."""
        return self._once("add", table, lambda: self._on_conflict(table, lambda column, new: column + new))

    def add_from(self, table: Table, source: str) -> str:
        """The same from a table of the same columns."""
        into, _, rest = self.add(table).partition(" VALUES ")
        return f"{into} SELECT * FROM {source} ON CONFLICT {rest.partition(' ON CONFLICT ')[2]}"  # noqa: S608 — our own names

    def of_demands(self, table: Table) -> str:
        """The rows of some demands; the parameter is what ``together`` makes of their identities."""
        return self._once("of", table, lambda: select(table).where(self._of_demands(table)), columns=False)

    def together(self, wanted: Sequence[str | int]) -> Any:
        """The one parameter of a statement about some rows: of ``of_demands``, ``leave`` and ``forget``."""
        return list(wanted) if self.postgres else json.dumps(wanted)

    def _of_demands(self, table: Table) -> Any:
        return self._among(table.c.demand_id, "uuid[]")

    def _among(self, column: ColumnElement[Any], kind: str) -> Any:
        if self.postgres:
            return column == func.any(text(f"CAST(:wanted AS {kind})"))
        return column.in_(select(literal_column("value")).select_from(text("json_each(:wanted)")))

    def _on_conflict(self, table: Table, value: Any) -> Any:
        statement, keys = self._insert(table), [column.name for column in table.primary_key]
        changes = {c.name: value(c, statement.excluded[c.name]) for c in table.columns if c.name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=changes)

    def _once(self, what: str, table: Table, compose: Any, *, columns: bool = True) -> str:
        key = (what, table.name)
        if key not in self._made:
            self._made[key] = self._text(compose(), *(table.columns.keys() if columns else ()))
        return self._made[key]

    def _text(self, statement: Any, *columns: str) -> str:
        return str(statement.compile(dialect=self._dialect, column_keys=list(columns) or None))


@cache
def statements_of(dialect: Dialect) -> Statements:
    """The statements of an engine's dialect, compiled once in a process."""
    return Statements(dialect)


class Driver:
    """The driver's own connection, and tuples."""

    def __init__(self, connection: Any, statements: Statements) -> None:
        self.connection, self.statements = connection, statements

    def all(self, *queries: Query) -> list[list[Any]]:
        """The rows of some queries, sent together where the driver can."""
        if self.statements.postgres:
            cursors = [self.connection.execute(sql, parameters, prepare=True) for sql, parameters in queries]
            return [cursor.fetchall() for cursor in cursors]
        return [self.connection.execute(sql, parameters).fetchall() for sql, parameters in queries]

    def peek(self, sql: str) -> list[Any]:
        """The rows of one query, outside any transaction."""
        if not self.statements.postgres:
            return self.all((sql, ()))[0]
        self.connection.autocommit = True
        try:
            return self.all((sql, ()))[0]
        finally:
            self.connection.autocommit = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at its end; on PostgreSQL statements leave without waiting for the answers of those before."""
        if not self.statements.postgres:
            self.connection.execute(_IMMEDIATE)
        with self.connection.pipeline() if self.statements.postgres else nullcontext():
            yield
            self.connection.commit()

    def do(self, sql: str) -> None:
        """A statement without rows."""
        self.connection.execute(sql)

    def run(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for each row."""
        if not rows:
            return
        if not self.statements.postgres:
            self.connection.executemany(sql, rows)
            return
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """New rows of a table."""
        self.run(self.statements.insert(table), rows)

    def add(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Amounts to add to what stands in a table; each key comes once."""
        self.run(self.statements.add(table), rows)


@contextmanager
def connected(engine: Engine) -> Iterator[Driver]:
    """A connection of the pool as the driver has it; the driver's errors become SQLAlchemy's."""
    try:
        pooled = engine.raw_connection()
        try:
            yield Driver(pooled.driver_connection, statements_of(engine.dialect))
        finally:
            pooled.close()
    except engine.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(None, None, error, engine.dialect.loaded_dbapi.Error, hide_parameters=True) from error


@contextmanager
def driving(engine: Engine) -> Iterator[Driver]:
    """One transaction, with the write lock from its first line."""
    with connected(engine) as driver, driver.transaction():
        yield driver
