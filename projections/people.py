"""Who works here and what the town offers, as lists and select boxes show them."""

from typing import Any

import msgspec
from sqlalchemy import Engine, select

from projections.tables import agents, procedures


class AgentRow(msgspec.Struct, frozen=True):
    """An agent as he is now; an inactive one keeps his name."""

    code: str
    name: str
    active: bool
    roles: list[str]
    services: list[str]
    procedures: list[str]


class ProcedureRow(msgspec.Struct, frozen=True):
    """A procedure as it is now."""

    code: str
    title: str
    service: str
    restricted: bool


class People:
    """Answers names."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def agents(self) -> dict[str, AgentRow]:
        """Every agent, by code, in the order of names."""
        with self._engine.connect() as connection:
            return {row.code: _agent(row) for row in connection.execute(select(agents).order_by(agents.c.name))}

    def procedures(self) -> dict[str, ProcedureRow]:
        """Every procedure, by code, in the order of titles."""
        columns = (procedures.c.code, procedures.c.title, procedures.c.service, procedures.c.restricted)
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(procedures.c.title))
            return {row.code: ProcedureRow(*row) for row in rows}


def _agent(row: Any) -> AgentRow:
    lists = (msgspec.json.decode(text, type=list[str]) for text in (row.roles, row.services, row.procedures))
    return AgentRow(row.code, row.name, row.active, *lists)
