"""The database of the read models: its engine, its tables, its generation, and how far it has read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from projections.paces import Town, town_of
from projections.tables import VERSION, metadata, position


class WrongViews(Exception):
    """The read models were made by another version, or are gone: start the program that made them, or rebuild."""


class Position(msgspec.Struct, frozen=True):
    """How far the facts have been read, and under which generation's search key."""

    notification_id: int
    version: int
    generation: UUID
    town: Town


def create_views(connection: Connection, generation: UUID) -> None:
    """The tables of a new generation, empty, at the beginning of the facts; harmless when they stand already."""
    metadata.create_all(connection)
    if connection.execute(select(position.c.id)).first() is None:
        connection.execute(
            insert(position).values(
                id=1, notification_id=0, version=VERSION, generation=generation, town=Town().written()
            )
        )


def read_position(connection: Connection) -> Position:
    """How far this generation has read; its version first, as the table of another version may have other columns."""
    _require_version(connection.execute(select(position.c.version)).scalar())
    columns = (position.c.notification_id, position.c.version, position.c.generation, position.c.town)
    return position_of(connection.execute(select(*columns)).all())


def position_of(rows: Sequence[Any]) -> Position:
    """From the rows of ``position``, of which there is one; raises WrongViews for another version's."""
    found: Sequence[Any] = rows[0] if rows else (0, None, None, "")
    number, version, generation, town = found
    _require_version(version)
    identity = generation if isinstance(generation, UUID) else UUID(generation)
    return Position(number, version, identity, town_of(town))


def _require_version(version: int | None) -> None:
    if version != VERSION:
        raise WrongViews(f"read models of version {version}, this program needs {VERSION}")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection whose reads all see the read models as they were at the first of them."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def found_views(engine: Engine) -> bool:
    """Whether the read models have their tables."""
    with engine.connect() as connection:
        return bool(engine.dialect.has_table(connection, position.name))
