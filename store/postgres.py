"""The library's PostgreSQL recorder, with our connections and our rows in its transaction.

Facts are numbered in the order they are committed, so that a reader who follows the numbers skips nothing: each writer
draws its numbers under one advisory lock that goes with its transaction. The library's table lock does the same and
takes three more round trips; its database functions would give the order up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from inspect import unwrap
from itertools import chain
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from psycopg import Connection
from psycopg.rows import DictRow, dict_row, tuple_row
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from domain.instants import micros
from domain.ports import Outgoing
from store import locks
from store.intake_keys import intake_keys
from store.outbox import NEW_COLUMNS, new_row, outbox, set_deadline
from store.servers import CONNECT_TIMEOUT_S, MOST_CONNECTIONS, SCHEMAS, connection_parameters, prepare, unread

URL: Final = "POSTGRES_URL"
EVENTS: Final = "stored_events"
_IDLE_S: Final = 60.0
_dialect: Final[Dialect] = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
_INSERT_LETTER: Final = str(
    insert(outbox).on_conflict_do_nothing().compile(dialect=_dialect, column_keys=list(NEW_COLUMNS))
)
_SET_DEADLINE: Final = str(set_deadline.compile(dialect=_dialect))
_INSERT_INTAKE: Final = str(insert(intake_keys).compile(dialect=_dialect))
_LOCK: Final = f"SELECT pg_advisory_xact_lock({locks.INSERT})"
_MOST_AT_ONCE: Final = 16
"""Facts and other rows that go in one statement; each other number of them would be one more to prepare."""
_FACT: Final = "(%s::uuid, %s::bigint, %s::text, %s::bytea)"
_KEY: Final = "(%s::bytea, %s::text)"
_LETTER: Final = (
    "(%s::uuid, %s::uuid, %s::text, %s::bytea, %s::text, %s::int, %s::bigint, %s::bigint, %s::bigint, %s::bigint, "
    "%s::text)"
)
_COLUMNS: Final = "originator_id, originator_version, topic, state"
_HISTORIES: Final = (
    f"SELECT {_COLUMNS} FROM {EVENTS} WHERE originator_id = ANY(%s::uuid[]) "  # noqa: S608 — our own names
    "ORDER BY originator_id, originator_version"
)
_MANY: Final = (
    f"INSERT INTO {EVENTS} ({_COLUMNS}) "  # noqa: S608 — our own names
    "SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[]) RETURNING notification_id"
)


class Recorder(PostgresApplicationRecorder):
    """Facts, letters and intake keys in one transaction.

    Without the library's retries: a commit whose answer was lost would come back as a lost race, and a server that is
    away would hold a page for minutes. The pool replaces dead connections before they are used.
    A letter recorded twice keeps its first text, so the only row that can stand already is a fact's or an intake key's.
    """

    select_notifications = unwrap(PostgresApplicationRecorder.select_notifications)
    max_notification_id = unwrap(PostgresApplicationRecorder.max_notification_id)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stored facts of one subject, as plain rows."""
        identity = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
        bounds = [bound for bound in (gt, lte, limit) if bound is not None]
        statement = _select(gt is not None, lte is not None, desc, limit is not None)
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(binary=True, row_factory=tuple_row) as rows,
        ):
            rows.execute(statement, [identity, *bounds], prepare=True)
            return [StoredEvent(identity, version, topic, state) for version, topic, state in rows.fetchall()]

    def select_histories(self, identities: Sequence[UUID]) -> Sequence[StoredEvent]:
        """The stored facts of some subjects, one history after the other."""
        given = {identity: identity for identity in identities}
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(binary=True, row_factory=tuple_row) as rows,
        ):
            rows.execute(_HISTORIES, (list(given),), prepare=True)
            return [StoredEvent(given[found], version, topic, state) for found, version, topic, state in rows]

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        outbox: Sequence[Outgoing] = (),
        deadlines: Mapping[UUID, datetime] | None = None,
        intake: Mapping[bytes, str] | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """One statement for what one command decides, a pipeline for what many did; the numbers the facts got."""
        keys = intake or {}
        few = 0 < len(stored_events) <= _MOST_AT_ONCE and len(outbox) + len(keys) <= _MOST_AT_ONCE
        with self.datastore.get_connection() as connection:
            if few and not deadlines:
                return _at_once(connection, stored_events, outbox, keys)
            return _in_a_pipeline(connection, stored_events, outbox, deadlines or {}, keys)


def _at_once(
    connection: Connection[DictRow],
    stored_events: Sequence[StoredEvent],
    outbox: Sequence[Outgoing],
    intake: Mapping[bytes, str],
) -> Sequence[int]:
    rows: list[tuple[object, ...]] = [*map(new_row, outbox), *intake.items()]
    rows += ((event.originator_id, event.originator_version, event.topic, event.state) for event in stored_events)
    with connection.cursor(row_factory=tuple_row) as facts:
        facts.execute(
            _insert(len(stored_events), len(outbox), len(intake)), list(chain.from_iterable(rows)), prepare=True
        )
        return [number for (number,) in facts.fetchall()]


def _in_a_pipeline(
    connection: Connection[DictRow],
    stored_events: Sequence[StoredEvent],
    outbox: Sequence[Outgoing],
    deadlines: Mapping[UUID, datetime],
    intake: Mapping[bytes, str],
) -> Sequence[int]:
    """The pipeline is inside the transaction: around it, as the library has it, an error may be lost."""
    columns = [[getattr(event, name) for event in stored_events] for name in _COLUMNS.split(", ")]
    with connection.transaction():
        facts, others = connection.cursor(row_factory=tuple_row), connection.cursor()
        with connection.pipeline():
            others.execute(_LOCK, prepare=True)
            for outgoing in outbox:
                others.execute(_INSERT_LETTER, new_row(outgoing), prepare=True)
            for mail_id, at in deadlines.items():
                others.execute(_SET_DEADLINE, (micros(at), mail_id), prepare=True)
            for key in intake.items():
                others.execute(_INSERT_INTAKE, key, prepare=True)
            facts.execute(_MANY, columns, prepare=True)
        return [number for (number,) in facts.fetchall()]


@cache
def _insert(facts: int, letters: int, keys: int) -> str:
    """Everything one command records, in one statement; the lock is taken before a number is drawn or a row written."""
    parts = [f"locked AS MATERIALIZED ({_LOCK})"]
    if letters:
        rows = ", ".join([_LETTER] * letters)
        columns = ", ".join(NEW_COLUMNS)
        parts.append(
            f"letters AS (INSERT INTO outbox ({columns}) SELECT v.* FROM locked, (VALUES {rows}) AS v "  # noqa: S608
            "ON CONFLICT DO NOTHING)"
        )
    if keys:
        rows = ", ".join([_KEY] * keys)
        parts.append(
            "received AS (INSERT INTO intake_keys (fingerprint, reference) "  # noqa: S608
            f"SELECT v.* FROM locked, (VALUES {rows}) AS v)"
        )
    rows = ", ".join([_FACT] * facts)
    return (
        f"WITH {', '.join(parts)} INSERT INTO {EVENTS} ({_COLUMNS}) "  # noqa: S608
        f"SELECT v.* FROM locked, (VALUES {rows}) AS v RETURNING notification_id"
    )


@cache
def _select(gt: bool, lte: bool, desc: bool, limit: bool) -> str:  # noqa: FBT001 — which bounds there are
    clauses = [
        clause
        for clause, wanted in ((" AND originator_version > %s", gt), (" AND originator_version <= %s", lte))
        if wanted
    ]
    order = " DESC" if desc else ""
    return (
        f"SELECT originator_version, topic, state FROM {EVENTS} WHERE originator_id = %s"  # noqa: S608
        f"{''.join(clauses)} ORDER BY originator_version{order}{' LIMIT %s' if limit else ''}"
    )


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
        max_size=MOST_CONNECTIONS,
        max_idle=_IDLE_S,
        open=False,
        configure=configure,
        check=_check,
        timeout=CONNECT_TIMEOUT_S,
    )


def _check(connection: psycopg.Connection[Any]) -> None:
    """Ask the server only when it may have hung up."""
    if unread(connection):
        ConnectionPool.check_connection(connection)
