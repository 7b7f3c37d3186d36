"""Reads for pages on the driver's own cursor: composed by Core, compiled once, at less than half of what Core costs.

Values are plain (texts, numbers, bytes), and so are rows: SQLite gives identities as texts and booleans as numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, SelectBase
from sqlalchemy.exc import DBAPIError

_KEPT: Final = 1_024


class _Text(msgspec.Struct, frozen=True):
    """A statement for lists of some lengths: its text, whence each parameter comes, and the values it brings along."""

    sql: str
    order: list[Any]
    own: dict[Any, Any]


class Prepared:
    """Runs in no transaction; errors come as SQLAlchemy's, without the values of the parameters."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._postgres = engine, engine.dialect.name == "postgresql"
        style = "format" if self._postgres else "qmark"
        self._dialect = type(engine.dialect)(paramstyle=style)  # type: ignore[call-arg]
        self._texts: dict[Any, _Text] = {}

    def rows(self, chosen: SelectBase, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """What a statement finds for these values; a tuple stands for IN, once for each of its members."""
        lengths = tuple((name, len(value)) for name, value in values.items() if isinstance(value, tuple))
        text = self._texts.get((chosen, lengths)) or self._keep(chosen, lengths, values)
        given: dict[Any, Any] = {**text.own, **values}
        for name, length in lengths:
            given.update(((name, number), values[name][number]) for number in range(length))
        return self.run(text.sql, tuple([given[name] for name in text.order]))

    def run(self, sql: str, parameters: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
        """The rows of one statement."""
        refused = self._engine.dialect.loaded_dbapi.Error
        try:
            borrowed = self._engine.raw_connection()
            try:
                return self._fetched(borrowed.driver_connection, sql, parameters)
            finally:
                borrowed.close()
        except refused as error:
            raise DBAPIError.instance(sql, None, error, refused, hide_parameters=True) from error

    def _fetched(self, connection: Any, sql: str, parameters: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
        if not self._postgres:
            found: Sequence[Sequence[Any]] = connection.execute(sql, parameters).fetchall()
            return found
        connection.autocommit = True
        try:
            return list(connection.execute(sql, parameters, prepare=True))
        finally:
            if not connection.closed:
                connection.autocommit = False

    def _keep(self, chosen: SelectBase, lengths: Any, values: Mapping[str, Any]) -> _Text:
        if len(self._texts) >= _KEPT:
            self._texts.clear()
        text = self._texts[chosen, lengths] = _compiled(chosen, values, self._dialect)
        return text


def _compiled(chosen: SelectBase, values: Mapping[str, Any], dialect: Any) -> _Text:
    compiled = chosen.compile(dialect=dialect)
    expanded = compiled.construct_expanded_state(dict(values))
    members = {
        member: (name, number)
        for name, many in expanded.parameter_expansion.items()
        for number, member in enumerate(many)
    }
    order = [members.get(name, name) for name in expanded.positiontup or ()]
    own = {name: value for name, value in expanded.parameters.items() if name not in values and name not in members}
    return _Text(expanded.statement, order, own)
