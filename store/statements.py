"""Small statements on the driver's own cursor: written in Core, compiled once, at a third of what Core costs."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Dialect, Engine, Select, bindparam
from sqlalchemy.exc import DBAPIError

_STYLES: Final = {"sqlite": "qmark", "postgresql": "format"}
_MOST_AT_ONCE: Final = 100


class SmallStatement:
    """Runs inside a transaction that is open; errors come as SQLAlchemy's, without the values of the parameters."""

    def __init__(self, dialect: Dialect, statement: Any, columns: Sequence[str] | None = None) -> None:
        self._dialect, self._uuids_as_text = dialect, dialect.name == "sqlite"
        self.sql = _compiled(dialect, statement, columns)

    def rows(self, connection: Connection, *parameters: object) -> Sequence[tuple[Any, ...]]:
        """What it gives back for these parameters, in the order in which they stand in the statement."""
        driver: Any = connection.connection.driver_connection
        options = {} if self._uuids_as_text else {"prepare": True}
        try:
            found: Sequence[tuple[Any, ...]] = driver.execute(self.sql, self.bound(parameters), **options).fetchall()
        except self._dialect.loaded_dbapi.Error as error:
            raise _in_sqlalchemys_words(self._dialect, self.sql, error) from error
        return found

    def each(self, connection: Connection, rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
        """The same for some rows of parameters, which leave together where the driver can."""
        if self._uuids_as_text:
            return [found for row in rows for found in self.rows(connection, *row)]
        driver: Any = connection.connection.driver_connection
        try:
            with driver.pipeline():
                cursors = [driver.execute(self.sql, row, prepare=True) for row in rows]
            return [found for cursor in cursors for found in cursor.fetchall()]
        except self._dialect.loaded_dbapi.Error as error:
            raise _in_sqlalchemys_words(self._dialect, self.sql, error) from error

    def bound(self, parameters: Sequence[object]) -> list[object]:
        """Parameters as the driver takes them."""
        return [value.hex if self._uuids_as_text and isinstance(value, UUID) else value for value in parameters]


class SmallRead:
    """Runs in no transaction; errors come as SQLAlchemy's, without the values of the parameters."""

    def __init__(self, engine: Engine, chosen: Select[Any]) -> None:
        self._engine, self._sql = engine, _compiled(engine.dialect, chosen)
        self._uuids_as_text = engine.dialect.name == "sqlite"

    def rows(self, *parameters: object) -> Sequence[tuple[Any, ...]]:
        """What it finds for these parameters, in the order in which they stand in the statement."""
        bound = [value.hex if self._uuids_as_text and isinstance(value, UUID) else value for value in parameters]
        try:
            borrowed = self._engine.raw_connection()
            try:
                return self._run(borrowed.driver_connection, bound)
            finally:
                borrowed.close()
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise _in_sqlalchemys_words(self._engine.dialect, self._sql, error) from error

    def _run(self, connection: Any, bound: Sequence[object]) -> Sequence[tuple[Any, ...]]:
        if self._uuids_as_text:
            found: Sequence[tuple[Any, ...]] = connection.execute(self._sql, bound).fetchall()
            return found
        connection.autocommit = True
        try:
            return list(connection.execute(self._sql, bound, prepare=True))
        finally:
            if not connection.closed:
                connection.autocommit = False


class ReadAmong:
    """The same where a column is one of some values: compiled once for each number of them, a hundred at a time."""

    def __init__(self, engine: Engine, chosen: Select[Any], column: ColumnElement[Any]) -> None:
        self._engine, self._chosen, self._column = engine, chosen, column
        self._reads: dict[int, SmallRead] = {}

    def rows(self, wanted: Sequence[object]) -> list[tuple[Any, ...]]:
        """What it finds for these values, in no order."""
        parts = [wanted[start : start + _MOST_AT_ONCE] for start in range(0, len(wanted), _MOST_AT_ONCE)]
        return [row for part in parts for row in self._of(len(part)).rows(*part)]

    def _of(self, number: int) -> SmallRead:
        if number not in self._reads:
            values = [bindparam(f"value{place}", type_=self._column.type) for place in range(number)]
            self._reads[number] = SmallRead(self._engine, self._chosen.where(self._column.in_(values)))
        return self._reads[number]


def as_uuid(value: UUID | str) -> UUID:
    """An identity as the driver gives it back: SQLite keeps texts."""
    return value if isinstance(value, UUID) else UUID(value)


def _compiled(dialect: Dialect, statement: Any, columns: Sequence[str] | None = None) -> str:
    positional = type(dialect)(paramstyle=_STYLES[dialect.name])  # type: ignore[call-arg]
    return str(statement.compile(dialect=positional, column_keys=columns))


def _in_sqlalchemys_words(dialect: Dialect, sql: str, error: Exception) -> BaseException:
    return DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True)
