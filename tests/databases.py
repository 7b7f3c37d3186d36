"""Databases for tests: files of SQLite, and a database on a real PostgreSQL server made for one test and dropped after.

``SUIVI_TEST_POSTGRES_URL`` names the server, and a role that may create databases. Without it the usual local one is
tried; with ``CI=true`` its absence is a failure.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
STORES = ("EVENTS", "VIEWS", "KEYS", "ACCOUNTS")
only_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("kind", KINDS[1:], indirect=True)
_PREFIX, _STALE_S = "suivi_test_", 7_200
_numbers = count(1)
_made: set[str] = set()


def server_url() -> str:
    """The server's address; skips the test, or fails it with CI=true, when it does not answer."""
    url, reason = _server()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return url


def addresses(url: str, *stores: str) -> dict[str, str]:
    """The environment that puts these stores, or all four, into one database."""
    return {f"SUIVI_{name.upper()}_URL": url for name in stores or STORES}


@contextmanager
def postgres_database(template: str | None = None) -> Iterator[str]:
    """The address of a new database, dropped afterwards."""
    url = create_database(template)
    try:
        yield url
    finally:
        drop_database(url)


@contextmanager
def emptied_database() -> Iterator[str]:
    """The address of this process's own database, without any store in it; quicker than a new one."""
    url = _own_database()
    try:
        yield url
    finally:
        with psycopg.connect(url, autocommit=True) as connection, connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '10s'")
            found = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'suivi_')")
            for (schema,) in found.fetchall():
                connection.execute(SQL("DROP SCHEMA {0} CASCADE").format(Identifier(schema)))


@cache
def _own_database() -> str:
    return create_database()


def create_database(template: str | None = None) -> str:
    """The address of a new database, empty or a copy of the one at another address, where nobody is connected."""
    name = f"{_PREFIX}{int(time.time())}_{os.getpid()}_{next(_numbers)}"
    original = str(conninfo_to_dict(template)["dbname"]) if template else "template0"
    _run(SQL("CREATE DATABASE {0} TEMPLATE {1} ENCODING 'UTF8'").format(Identifier(name), Identifier(original)))
    url = _named(name)
    _made.add(url)
    return url


def drop_database(url: str) -> None:
    """Drop a database whoever is still connected."""
    _made.discard(url)
    name = str(conninfo_to_dict(url)["dbname"])
    _run(SQL("DROP DATABASE IF EXISTS {0} WITH (FORCE)").format(Identifier(name)))


def pytest_sessionfinish() -> None:
    """What served the whole run goes with it; processes of xdist run nothing at their exit."""
    for url in sorted(_made):
        drop_database(url)


@cache
def _server() -> tuple[str, str]:
    url = os.environ.get("SUIVI_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test")
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            _drop_stale(connection)
    except psycopg.Error as error:
        return url, f"no PostgreSQL server for tests (SUIVI_TEST_POSTGRES_URL): {type(error).__name__}"
    return url, ""


def _drop_stale(connection: psycopg.Connection[Any]) -> None:
    """What killed runs left."""
    for (name,) in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (_PREFIX,)):
        born = name.removeprefix(_PREFIX).partition("_")[0]
        if born.isdigit() and int(born) < time.time() - _STALE_S:
            connection.execute(SQL("DROP DATABASE IF EXISTS {0} WITH (FORCE)").format(Identifier(name)))


def _named(name: str) -> str:
    url = server_url()
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


def _run(statement: Any) -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(statement)
