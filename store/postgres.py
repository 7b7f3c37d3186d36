"""The library's PostgreSQL recorder, with our connections and our rows in its transaction.

The table lock is kept: facts are numbered in the order they are committed, so that a reader who follows the numbers
skips nothing. Database functions would give that up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from inspect import unwrap
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from domain.instants import micros
from domain.ports import Outgoing
from store.intake_keys import intake_keys
from store.outbox import NEW_COLUMNS, new_row, outbox, set_deadline
from store.servers import CONNECT_TIMEOUT_S, SCHEMAS, connection_parameters, prepare

URL: Final = "POSTGRES_URL"
EVENTS: Final = "stored_events"
_POOL: Final = 10
_dialect: Final[Dialect] = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
_INSERT_LETTER: Final = str(
    insert(outbox).on_conflict_do_nothing().compile(dialect=_dialect, column_keys=list(NEW_COLUMNS))
)
_SET_DEADLINE: Final = str(set_deadline.compile(dialect=_dialect))
_INSERT_INTAKE: Final = str(insert(intake_keys).compile(dialect=_dialect))


class Recorder(PostgresApplicationRecorder):
    """Facts, letters and intake keys in one transaction.

    Without the library's retries: a commit whose answer was lost would come back as a lost race, and a server that is
    away would hold a page for minutes. The pool replaces dead connections before they are used.
    """

    select_events = unwrap(PostgresApplicationRecorder.select_events)
    select_notifications = unwrap(PostgresApplicationRecorder.select_notifications)
    max_notification_id = unwrap(PostgresApplicationRecorder.max_notification_id)

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = EVENTS) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        table = Identifier(datastore.schema, events_table_name)
        self.lock_table_statements = [SQL("LOCK TABLE {0} IN EXCLUSIVE MODE").format(table)]
        self.insert_events_statement = SQL(
            "INSERT INTO {0} (originator_id, originator_version, topic, state) "
            "SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[]) RETURNING notification_id"
        ).format(table)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """The statements go in one pipeline inside the transaction: the library's own, around it, may lose an error."""
        with self.datastore.get_connection() as connection, connection.transaction():
            facts = connection.cursor()
            with connection.pipeline():
                self._insert_events(connection.cursor(), stored_events, **kwargs)
                self._insert_stored_events(facts, stored_events, **kwargs)
            return [row["notification_id"] for row in facts.fetchall()]

    def _insert_events(
        self,
        curs: Cursor[DictRow],
        stored_events: Sequence[StoredEvent],
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
        **_: Any,
    ) -> None:
        """Before the facts, in their transaction; nobody else writes from here on."""
        self._lock_table(curs)
        for outgoing in outbox:
            curs.execute(_INSERT_LETTER, new_row(outgoing), prepare=True)
        for mail_id, at in (deadlines or {}).items():
            curs.execute(_SET_DEADLINE, (micros(at), mail_id), prepare=True)
        for key in (intake or {}).items():
            curs.execute(_INSERT_INTAKE, key, prepare=True)

    def _insert_stored_events(self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any) -> None:
        columns = [
            [getattr(event, name) for event in stored_events]
            for name in ("originator_id", "originator_version", "topic", "state")
        ]
        curs.execute(self.insert_events_statement, columns, prepare=True)


class Factory(PostgresFactory):
    """Builds the recorder over our own connections."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore.pool = _pool(str(self.env.get(URL)), self.datastore)

    def application_recorder(self) -> ApplicationRecorder:
        return Recorder(self.datastore)


def environment(url: str) -> dict[str, str]:
    """What the library's Application is told; it asks for the parts of an address that our pool reads whole."""
    parts = dict.fromkeys(("POSTGRES_DBNAME", "POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD"), "")
    own = {"PERSISTENCE_MODULE": "store.postgres:Factory", URL: url, "POSTGRES_SCHEMA": SCHEMAS["events"]}
    return parts | own | {"CREATE_TABLE": "n"}


def _pool(url: str, datastore: PostgresDatastore) -> ConnectionPool[Connection[DictRow]]:
    after_connect = datastore.after_connect_func()

    def configure(connection: psycopg.Connection[DictRow]) -> None:
        prepare(connection)
        after_connect(connection)

    return ConnectionPool(
        connection_class=Connection[DictRow],
        kwargs={**connection_parameters(url, datastore.schema), "row_factory": dict_row},
        min_size=1,
        max_size=_POOL,
        open=False,
        configure=configure,
        check=ConnectionPool.check_connection,
        timeout=CONNECT_TIMEOUT_S,
    )
