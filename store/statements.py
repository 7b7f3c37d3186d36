"""One small SELECT on the driver's own cursor: written in Core, compiled once, at a third of what Core costs."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, bindparam
from sqlalchemy.exc import DBAPIError

_STYLES: Final = {"sqlite": "qmark", "postgresql": "format"}
_MOST_AT_ONCE: Final = 100


class SmallRead:
    """Runs in no transaction; errors come as SQLAlchemy's, without the values of the parameters."""

    def __init__(self, engine: Engine, chosen: Select[Any]) -> None:
        dialect = engine.dialect
        compiled = chosen.compile(dialect=type(dialect)(paramstyle=_STYLES[dialect.name]))  # type: ignore[call-arg]
        self._engine, self._sql = engine, str(compiled)
        self._uuids_as_text = dialect.name == "sqlite"

    def rows(self, *parameters: object) -> Sequence[tuple[Any, ...]]:
        """What it finds for these parameters, in the order in which they stand in the statement."""
        bound = [value.hex if self._uuids_as_text and isinstance(value, UUID) else value for value in parameters]
        borrowed = self._engine.raw_connection()
        try:
            return self._run(borrowed.driver_connection, bound)
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                self._sql, None, error, self._engine.dialect.loaded_dbapi.Error, hide_parameters=True
            ) from error
        finally:
            borrowed.close()

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
