"""Generations of read models on PostgreSQL: schemas ``suivi_views_1``, ``suivi_views_2``…, and a row that names one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import sleep
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy.exc import DisconnectionError

from projections.statements import Driver
from projections.tables import VERSION
from store import locks
from store.servers import SCHEMAS, connect_postgres, connection_parameters, pooled_engine, postgres_engine
from suivi.generations import follow

POINTER: Final = "suivi_views"
_PREFIX: Final = f"{POINTER}_"
_CREATE: Final = (
    f"CREATE SCHEMA {POINTER}",
    f"CREATE TABLE {POINTER}.generation (id integer PRIMARY KEY, number integer NOT NULL, version integer NOT NULL)",
    f"INSERT INTO {POINTER}.generation (id, number, version) VALUES (1, 1, {VERSION})",  # noqa: S608 — our own names
)
_READ: Final = f"SELECT number, version, current_setting('search_path') FROM {POINTER}.generation"  # noqa: S608 — our own names
_FLIP: Final = f"UPDATE {POINTER}.generation SET number = %s, version = %s RETURNING number"  # noqa: S608
_FOUND: Final = f"SELECT to_regclass('{POINTER}.generation')"
_ALONE: Final = f"SELECT pg_advisory_xact_lock({locks.CREATION})"
_NUMBERED: Final = r"SELECT nspname FROM pg_namespace WHERE nspname ~ '^suivi_views_\d+$'"
_OLDER: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name = 'suivi' AND xact_start < %s"
)
_PATIENCE_S: Final = 10.0
_TURN_S: Final = 0.25
_GRACE_S: Final = 1.0


class _Schema:
    """A new schema."""

    def __init__(self, url: str, number: int) -> None:
        self.number = number
        self.bulk = self.engine = postgres_engine(url, f"{_PREFIX}{number}", lazy=True)

    def settle(self) -> None:
        """The server keeps its own disk."""

    def close(self) -> None:
        self.engine.dispose()


class SchemaGenerations:
    """Generations in one database."""

    question = _READ

    def __init__(self, url: str) -> None:
        self._url, self._last = url, SCHEMAS["views"]
        connection_parameters(url, SCHEMAS["views"])
        self.engine = pooled_engine(self._connect)
        follow(self.engine, self._answers_for)

    def answered(self, rows: Sequence[Any]) -> bool:
        """A process of another version stays where it is."""
        number, version, shown = rows[0]
        return bool(version != VERSION or shown == f"{_PREFIX}{number}")

    @contextmanager
    def building(self) -> Iterator[_Schema]:
        with self._administering() as connection:
            _made(connection)
            found = [name for (name,) in connection.execute(_NUMBERED)]
            number = max([1, *(int(name.removeprefix(_PREFIX)) for name in found)]) + 1
            connection.execute(SQL("CREATE SCHEMA {0}").format(Identifier(f"{_PREFIX}{number}")))
        built = _Schema(self._url, number)
        try:
            yield built
        finally:
            built.close()

    def flip(self, built: _Schema, driver: Driver | None) -> None:
        """In the transaction that holds the old generation's lock, where there is one."""
        if driver is not None:
            driver.all((_FLIP, (built.number, VERSION)))
            return
        with self._administering() as connection:
            connection.execute(_FLIP, (built.number, VERSION))

    def sweep(self) -> None:
        """Once nobody reads any of them: a schema in use is left to the next sweep."""
        with self._administering() as connection:
            serving = f"{_PREFIX}{_made(connection)[0]}"
            left = [name for (name,) in connection.execute(_NUMBERED) if name != serving]
        if not left or not self._waited():
            return
        for name in left:
            try:
                with self._administering() as connection:
                    connection.execute(SQL("DROP SCHEMA IF EXISTS {0} CASCADE").format(Identifier(name)))
            except psycopg.errors.LockNotAvailable:
                continue

    def _waited(self) -> bool:
        """Whether all that was under way has ended; what was about to begin finds its tables for a moment longer."""
        with connect_postgres(self._url, POINTER) as connection:
            connection.autocommit = True
            (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
            for _ in range(int(_PATIENCE_S / _TURN_S)):
                (older,) = connection.execute(_OLDER, (now,)).fetchone() or (0,)
                if not older:
                    sleep(_GRACE_S)
                    return True
                sleep(_TURN_S)
        return False

    def _connect(self) -> Any:
        connection = connect_postgres(self._url, self._last, lazy=True)
        try:
            connection.autocommit = True
            number, version = _made(connection)
            if version == VERSION:
                self._last = f"{_PREFIX}{number}"
            connection.execute(SQL("SET search_path TO {0}").format(Identifier(self._last)))
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _answers_for(self, connection: Any) -> bool:
        """Whether the pooled connection still lives, and leads to the generation in use."""
        try:
            connection.autocommit = True
            found = connection.execute(self.question, prepare=True).fetchall()
            connection.autocommit = False
        except psycopg.Error as error:
            raise DisconnectionError("the connection is lost") from error
        return self.answered(found)

    @contextmanager
    def _administering(self) -> Iterator[Any]:
        """One process at a time makes, drops or names schemas."""
        with connect_postgres(self._url, POINTER) as connection:
            connection.execute(_ALONE)
            yield connection


def _made(connection: Any) -> tuple[int, int]:
    """The pointer, made where the first generation has none yet."""
    if connection.execute(_FOUND).fetchone()[0] is None:
        with connection.transaction():
            connection.execute(_ALONE)
            if connection.execute(_FOUND).fetchone()[0] is None:
                for statement in _CREATE:
                    connection.execute(statement)
    number, version, _ = connection.execute(_READ).fetchone()
    return number, version
