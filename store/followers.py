"""Who reads the facts after they were recorded, and how far each has come; kept beside the facts and the letters.

A follower queues letters and moves its position in one transaction: each fact is told of exactly once, however many
processes follow and wherever they die.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    column,
    func,
    insert,
    select,
    table,
    update,
)

from domain.instants import instant, micros
from domain.ports import Outgoing
from store.outbox_rows import put
from store.transactions import insert_into, writing

NEWS: Final = "news"
DIGEST: Final = "digest"
REMINDERS: Final = "reminders"
NAMES: Final = (NEWS, DIGEST)
metadata: Final = MetaData()
followers: Final = Table(
    "followers",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ran_at", BigInteger, nullable=False),
)
_head: Final[Select[Any]] = select(func.coalesce(func.max(column("notification_id")), 0)).select_from(
    table("stored_events")
)
_of: Final = select(followers).where(followers.c.follower == bindparam("name"))
_move: Final = (
    update(followers)
    .where(
        followers.c.follower == bindparam("name"),
        followers.c.position == bindparam("seen"),
        followers.c.ran_at == bindparam("seen_at"),
    )
    .values(position=bindparam("reached"), ran_at=bindparam("at"))
)


class Place(msgspec.Struct, frozen=True):
    """The number of the last fact that was told of, and the instant a follower with hours of its own last ran for."""

    position: int
    ran_at: datetime


class Followers:
    """Positions by name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def join(self, name: str) -> None:
        """Follow from here on, unless this follower does already: nothing of the past is told."""
        with self._engine.connect() as connection:
            if connection.execute(_of, {"name": name}).first() is not None:
                return
        with writing(self._engine) as connection:
            new = insert_into(connection, followers).values(follower=name, position=connection.scalar(_head), ran_at=0)
            connection.execute(new.on_conflict_do_nothing())

    def place(self, name: str) -> Place:
        """How far this follower has come."""
        with self._engine.connect() as connection:
            row = connection.execute(_of, {"name": name}).one()
        return Place(row.position, instant(row.ran_at))

    def move(self, name: str, seen: Place, reached: Place, letters: Sequence[Outgoing]) -> bool:
        """Queue letters and move on from where the follower was seen; False, and nothing done, when another did."""
        places = {"name": name, "seen": seen.position, "seen_at": micros(seen.ran_at)}
        places |= {"reached": reached.position, "at": micros(reached.ran_at)}
        with writing(self._engine) as connection:
            if connection.execute(_move, places).rowcount != 1:
                return False
            put(connection, letters)
        return True

    def skip(self, now: datetime) -> None:
        """Leave untold what was recorded up to now."""
        with writing(self._engine) as connection:
            head = connection.scalar(_head)
            connection.execute(update(followers).values(position=head, ran_at=micros(now)))


def create_tables(connection: Connection) -> None:
    """The followers, all at the head: an upgrade tells nobody of what is past."""
    metadata.create_all(connection)
    known = set(connection.scalars(select(followers.c.follower)))
    head = connection.scalar(_head)
    for name in NAMES:
        if name not in known:
            connection.execute(insert(followers).values(follower=name, position=head, ran_at=0))
