"""The library's SQLite recorder, with our connections, stable notification ids, and our rows in its transaction."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore, SQLiteFactory
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.dialects.sqlite import insert

from domain.instants import micros
from domain.ports import Outgoing
from store.intake_keys import intake_keys
from store.outbox import NEW_COLUMNS, new_row, outbox, set_deadline
from store.pool import Pool

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


class Recorder(SQLiteApplicationRecorder):
    """Facts, letters and intake keys in one transaction.

    ``notification_id`` is an AUTOINCREMENT key: the library's implicit rowid may be given again after a VACUUM.
    """

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        self.insert_events_statement = f"INSERT INTO {events_table_name} ({_COLUMNS}) VALUES (?,?,?,?)"  # noqa: S608 — our own names
        self.select_events_statement = (
            f"SELECT originator_version, topic, state FROM {events_table_name} WHERE originator_id=? "  # noqa: S608
        )
        self.select_histories_statement = (
            f"SELECT {_COLUMNS} FROM {events_table_name} "  # noqa: S608
            "WHERE originator_id IN (SELECT value FROM json_each(?)) ORDER BY originator_id, originator_version"
        )
        self._pool: Pool = datastore.pool  # type: ignore[assignment]  # the factory's
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
        rows = self._pool.rows(statement, parameters)
        return [StoredEvent(identity, version, topic, state) for version, topic, state in rows]

    def select_histories(self, identities: Sequence[UUID]) -> Sequence[StoredEvent]:
        """The stored facts of some subjects, one history after the other."""
        by_text = {identity.hex: identity for identity in identities}
        rows = self._pool.rows(self.select_histories_statement, (json.dumps(list(by_text)),))
        return [StoredEvent(by_text[text], version, topic, state) for text, version, topic, state in rows]

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
        rows = self._pool.rows(statement, parameters)
        return [
            Notification(id=number, originator_id=UUID(identity), originator_version=version, topic=topic, state=state)
            for number, identity, version, topic, state in rows
        ]

    def max_notification_id(self) -> int:
        """The number of the last fact; 0 where there is none."""
        number: int | None = self._pool.rows(self.select_max_notification_id_statement, ())[0][0]
        return number or 0

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """Write on the driver's own connection; the numbers that the facts got."""
        with self._pool.writing() as connection:
            numbers = self._insert(connection, stored_events)
            for outgoing in outbox:
                row = (value.hex if isinstance(value, UUID) else value for value in new_row(outgoing))
                connection.execute(_INSERT_LETTER, tuple(row))
            if deadlines:
                connection.executemany(_SET_DEADLINE, [(micros(at), mail_id.hex) for mail_id, at in deadlines.items()])
            if intake:
                connection.executemany(_INSERT_INTAKE, list(intake.items()))
        return numbers

    def _insert(self, connection: sqlite3.Connection, stored_events: Sequence[StoredEvent]) -> Sequence[int]:
        """The last one tells its number; the numbers of one transaction follow each other."""
        if not stored_events:
            return []
        *others, last = (
            (event.originator_id.hex, event.originator_version, event.topic, event.state)  # type: ignore[union-attr]  # a UUID
            for event in stored_events
        )
        connection.executemany(self.insert_events_statement, others)
        number: int = connection.execute(self.insert_events_statement, last).lastrowid  # type: ignore[assignment]  # of an INSERT
        return range(number - len(others), number + 1)


class Factory(SQLiteFactory):
    """Builds the recorder over the hardened pool."""

    application_recorder_class = Recorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore.pool.close()
        self.datastore.pool = Pool(str(self.env.get(self.SQLITE_DBNAME)))
