"""One way to write: the lock is taken at the start, so that two writers queue instead of failing half-way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateSchema

from store import locks

_CREATION: Final = text(f"SELECT pg_advisory_xact_lock({locks.CREATION})")
_SCHEMA: Final = text("SELECT current_setting('search_path'), to_regnamespace(current_setting('search_path'))")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds SQLite's write lock from its first line; plain BEGIN elsewhere."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def creating(engine: Engine) -> Iterator[Connection]:
    """A transaction that makes tables: one at a time, in the store's own schema, which is made where it is missing.

    PostgreSQL's « IF NOT EXISTS » does not protect from another process that makes the same thing at that moment.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_CREATION)
            name, found = connection.execute(_SCHEMA).one()
            if found is None:
                connection.execute(CreateSchema(name))
        yield connection


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that may say ON CONFLICT, in the words of the database."""
    return insert_of(connection.dialect, table)


def insert_of(dialect: Dialect, table: Table) -> Any:
    """The same for a statement that is composed before there is a connection."""
    return (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
