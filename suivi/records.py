"""Stored facts as the read models take them in: rows of the driver, not yet read."""

from typing import Any, Final

from sqlalchemy import BigInteger, Engine, bindparam, select

from projections.facts import Record
from store.events import stored_events

_COLUMNS: Final = ("notification_id", "originator_id", "originator_version", "topic", "state")
_page: Final = (
    select(*(stored_events.c[name] for name in _COLUMNS))
    .where(stored_events.c.notification_id > bindparam("after", type_=BigInteger))
    .order_by(stored_events.c.notification_id)
)


class StoredRecords:
    """Reads facts in the order they were recorded; numbers may have gaps."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._postgres = engine, engine.dialect.name == "postgresql"
        dialect: Any = type(engine.dialect)
        mark, style = ("%s", "format") if self._postgres else ("?", "qmark")
        self._statement = f"{_page.compile(dialect=dialect(paramstyle=style))} LIMIT {mark}"

    def __call__(self, after: int, most: int) -> list[Record]:
        """Some records after a number."""
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            if self._postgres:
                return _rows(connection, self._statement, (after, most))
            found: list[Record] = connection.execute(self._statement, (after, most)).fetchall()
            return found
        finally:
            pooled.close()


def _rows(connection: Any, statement: str, parameters: tuple[int, int]) -> list[Record]:
    """One read needs no transaction, which would cost two more messages to the server."""
    connection.autocommit = True
    try:
        found = connection.execute(statement, parameters, prepare=True).fetchall()
    finally:
        connection.autocommit = False
    return [(number, identity.hex, version, topic, state) for number, identity, version, topic, state in found]
