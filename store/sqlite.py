"""The library's SQLite recorder, with our connections, stable notification ids, and our rows in its transaction."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import InterfaceError, Notification, OperationalError, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.dialects.sqlite import insert

from domain.instants import micros
from domain.ports import Outgoing
from store.engines import connect_sqlite
from store.intake_keys import intake_keys
from store.outbox import NEW_COLUMNS, new_row, outbox, set_deadline

CREATE_EVENTS: Final = (
    "CREATE TABLE IF NOT EXISTS stored_events ("
    "notification_id INTEGER PRIMARY KEY AUTOINCREMENT, originator_id TEXT NOT NULL, "
    "originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL, "
    "UNIQUE (originator_id, originator_version))"
)
_COLUMNS: Final = "originator_id, originator_version, topic, state"
_INSERT_LETTER: Final = str(
    insert(outbox).on_conflict_do_nothing().compile(dialect=dialect.dialect(), column_keys=list(NEW_COLUMNS))
)
_SET_DEADLINE: Final = str(set_deadline.compile(dialect=dialect.dialect()))
_INSERT_INTAKE: Final = str(insert(intake_keys).compile(dialect=dialect.dialect()))


class Pool(SQLiteConnectionPool):
    """Hardened connections instead of the library's, which keep a cache of one statement and no ``secure_delete``."""

    def _create_connection(self) -> SQLiteConnection:
        try:
            connection = connect_sqlite(self.db_name)
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(sqlite_conn=connection, max_age=self.max_age)


class Recorder(SQLiteApplicationRecorder):
    """Facts, letters and intake keys in one transaction.

    ``notification_id`` is an AUTOINCREMENT key: the library's implicit rowid may be given again after a VACUUM.
    """

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        self.insert_events_statement = f"INSERT INTO {events_table_name} ({_COLUMNS}) VALUES (?,?,?,?)"  # noqa: S608 — our own names
        self.select_events_statement = f"SELECT {_COLUMNS} FROM {events_table_name} WHERE originator_id=? "  # noqa: S608
        self.select_max_notification_id_statement = f"SELECT MAX(notification_id) FROM {events_table_name}"  # noqa: S608

    def construct_create_table_statements(self) -> list[str]:
        return [CREATE_EVENTS]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stored facts of one subject; a plain read needs no transaction of its own."""
        identity = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
        statement, parameters = self.select_events_statement, [identity.hex]
        for clause, bound in (("AND originator_version>? ", gt), ("AND originator_version<=? ", lte)):
            if bound is not None:
                statement += clause
                parameters.append(bound)  # type: ignore[arg-type]  # sqlite3 takes both
        statement += "ORDER BY originator_version DESC " if desc else "ORDER BY originator_version "
        if limit is not None:
            statement += f"LIMIT {int(limit)}"
        with self._rows(statement, parameters) as rows:
            return [StoredEvent(identity, version, topic, state) for _, version, topic, state in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Stored facts in the order they were recorded, from ``start``."""
        if topics:
            raise NotImplementedError("nothing here reads by topic")
        clauses, parameters = ["notification_id>=?" if inclusive_of_start else "notification_id>?"], [start or 0]
        if stop is not None:
            clauses.append("notification_id<=?")
            parameters.append(stop)
        statement = (
            f"SELECT notification_id, {_COLUMNS} FROM {self.events_table_name} WHERE {' AND '.join(clauses)} "  # noqa: S608
            f"ORDER BY notification_id LIMIT {int(limit)}"
        )
        with self._rows(statement, parameters) as rows:
            return [
                Notification(
                    id=number, originator_id=UUID(identity), originator_version=version, topic=topic, state=state
                )
                for number, identity, version, topic, state in rows
            ]

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
        **_: Any,
    ) -> Sequence[int] | None:
        numbers = super()._insert_events(c, stored_events)
        for outgoing in outbox:
            mail_id, demand_id, *rest = new_row(outgoing)
            c.execute(_INSERT_LETTER, (mail_id.hex, demand_id.hex, *rest))  # type: ignore[attr-defined]  # UUIDs
        if deadlines:
            c.executemany(_SET_DEADLINE, [(micros(at), mail_id.hex) for mail_id, at in deadlines.items()])
        if intake:
            c.executemany(_INSERT_INTAKE, list(intake.items()))
        return numbers

    @contextmanager
    def _rows(self, statement: str, parameters: Sequence[object]) -> Iterator[sqlite3.Cursor]:
        with self.datastore.get_connection(commit=False) as connection, connection.cursor() as cursor:
            cursor.row_factory = None
            try:
                cursor.execute(statement, parameters)
                yield cursor
            except sqlite3.Error as error:
                raise OperationalError(error) from error


class Factory(SQLiteFactory):
    """Builds the recorder over the hardened pool."""

    application_recorder_class = Recorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore.pool.close()
        self.datastore.pool = Pool(db_name=str(self.env.get(self.SQLITE_DBNAME)))
