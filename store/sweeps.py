"""How far each sweep has come, so that a sweep looks only at what is new; kept in the accounts store."""

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Engine, MetaData, Table, Text, bindparam, select

from store.transactions import insert_into, writing

metadata: Final = MetaData()
sweeps: Final = Table(
    "sweeps",
    metadata,
    Column("sweep", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
_position: Final = select(sweeps.c.position).where(sweeps.c.sweep == bindparam("name"))


class Sweeps:
    """Positions by name; a position that went back only means that the sweep looks again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self, name: str) -> int:
        """Where the sweep stopped; 0 before its first run."""
        with self._engine.connect() as connection:
            return connection.scalar(_position, {"name": name}) or 0

    def advance(self, name: str, to: int) -> None:
        """Note that everything up to here is swept."""
        with writing(self._engine) as connection:
            put = insert_into(connection, sweeps).values(sweep=name, position=to)
            connection.execute(put.on_conflict_do_update(index_elements=[sweeps.c.sweep], set_={"position": to}))


def create_tables(connection: Connection) -> None:
    """The sweeps' table."""
    metadata.create_all(connection)
