"""How each agent wants to hear of new demands, procedure by procedure; kept with the accounts, never in facts."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, bindparam, select

from store.transactions import insert_into, writing

metadata: Final = MetaData()
preferences: Final = Table(
    "preferences",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("procedure", Text, primary_key=True),
    Column("information", Text, nullable=False),
)
_of: Final = select(preferences.c.procedure, preferences.c.information).where(preferences.c.agent == bindparam("code"))
_all: Final = select(preferences)


class Information(StrEnum):
    """When an agent is told of a new demand."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NONE = "none"


class Preferences:
    """What an agent never chose is « at once »."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, agent: str) -> Mapping[str, Information]:
        """What one agent chose, by procedure."""
        with self._engine.connect() as connection:
            return {row.procedure: Information(row.information) for row in connection.execute(_of, {"code": agent})}

    def choose(self, agent: str, procedures: Sequence[str], information: Information) -> None:
        """Let an agent hear of the new demands of some procedures in this way."""
        with writing(self._engine) as connection:
            for procedure in procedures:
                row = {"agent": agent, "procedure": procedure, "information": str(information)}
                put = insert_into(connection, preferences).values(row)
                keys = [preferences.c.agent, preferences.c.procedure]
                connection.execute(put.on_conflict_do_update(index_elements=keys, set_=row))

    def everybody(self) -> Mapping[tuple[str, str], Information]:
        """What was chosen, by agent and procedure."""
        with self._engine.connect() as connection:
            return {(row.agent, row.procedure): Information(row.information) for row in connection.execute(_all)}


def create_tables(connection: Connection) -> None:
    """The choices."""
    metadata.create_all(connection)
