"""How many letters left in the present minute, all processes together; a mail server refuses those who hurry."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, MetaData, Table, bindparam, case, or_, update

from domain.instants import micros
from store.transactions import insert_into, writing

_MINUTE: Final = timedelta(minutes=1) // timedelta(microseconds=1)
metadata: Final = MetaData()
pace: Final = Table(
    "mail_pace",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("minute", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
)
CLOCKS_APART: Final = timedelta(minutes=10)
"""A host that is behind counts in the minute of the one ahead; a clock further ahead was wrong, and is forgotten."""
_now: Final = bindparam("now", type_=BigInteger)
_over: Final = or_(pace.c.minute < _now, pace.c.minute > bindparam("ahead", type_=BigInteger))
_take: Final = (
    update(pace)
    .where(or_(_over, pace.c.n < bindparam("most")))
    .values(minute=case((_over, _now), else_=pace.c.minute), n=case((_over, 1), else_=pace.c.n + 1))
)


class Pace:
    """One row that every attempt to send counts in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, now: datetime, most: int) -> bool:
        """Whether one more letter may go in this minute; 0 is no limit, and nothing is counted then."""
        if not most:
            return True
        with writing(self._engine) as connection:
            minutes = {"now": micros(now) // _MINUTE, "ahead": micros(now + CLOCKS_APART) // _MINUTE}
            return connection.execute(_take, minutes | {"most": most}).rowcount == 1


def create_tables(connection: Connection) -> None:
    """The row, before any letter left."""
    metadata.create_all(connection)
    connection.execute(insert_into(connection, pace).values(id=1, minute=0, n=0).on_conflict_do_nothing())
