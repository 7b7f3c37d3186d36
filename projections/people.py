"""Who works here and what the town offers, as lists and select boxes show them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Integer, cast, literal, null, select, union_all

from projections.names import plain
from projections.prepared import Prepared
from projections.tables import agents, procedures

_AGENT, _PROCEDURE = 0, 1
_everybody: Final = union_all(
    select(
        literal(_AGENT).label("kind"),
        agents.c.code,
        agents.c.name,
        agents.c.active.label("flag"),
        agents.c.services,
        agents.c.roles,
        agents.c.procedures,
        cast(null(), Integer).label("deletion_days"),
        agents.c.active.label("working"),
    ),
    select(
        literal(_PROCEDURE),
        procedures.c.code,
        procedures.c.title,
        procedures.c.restricted,
        procedures.c.service,
        literal(""),
        literal(""),
        procedures.c.deletion_days,
        procedures.c.working,
    ),
)
_texts: Final = msgspec.json.Decoder(list[str]).decode


class AgentRow(msgspec.Struct, frozen=True):
    """An agent as he is now; an inactive one keeps his name."""

    code: str
    name: str
    active: bool
    roles: list[str]
    services: list[str]
    procedures: list[str]


class ProcedureRow(msgspec.Struct, frozen=True):
    """A procedure as it is now; ``deletion_days`` until a demand that nobody takes is deleted, None for never."""

    code: str
    title: str
    service: str
    restricted: bool
    deletion_days: int | None = None
    working: bool = False


class Known(msgspec.Struct, frozen=True, eq=False):
    """Every agent in the order of names, every procedure in the order of titles, by code.

    The same object as long as nothing of it changed, so that what is made of it may be kept beside it.
    """

    agents: dict[str, AgentRow]
    procedures: dict[str, ProcedureRow]


class People:
    """Answers names."""

    def __init__(self, engine: Engine) -> None:
        self._prepared = Prepared(engine)
        self._last: tuple[Sequence[Any], Known] = ((), Known({}, {}))

    def known(self) -> Known:
        """Who and what there is, read now in one statement; rows that did not change are not decoded again."""
        rows = self._prepared.rows(_everybody, {})
        before, known = self._last
        if rows != before:
            known = _known(rows)
            self._last = (rows, known)
        return known

    def agents(self) -> dict[str, AgentRow]:
        """Every agent, by code, in the order of names."""
        return self.known().agents

    def procedures(self) -> dict[str, ProcedureRow]:
        """Every procedure, by code, in the order of titles."""
        return self.known().procedures


def _known(rows: Sequence[Any]) -> Known:
    by_name = sorted(rows, key=lambda row: (plain(row[2]), row[1]))
    return Known(
        {code: _agent(code, *of_agent) for kind, code, *of_agent, _, _ in by_name if kind == _AGENT},
        {
            code: ProcedureRow(code, title, service, bool(restricted), days, bool(working))
            for kind, code, title, restricted, service, _, _, days, working in by_name
            if kind == _PROCEDURE
        },
    )


def _agent(code: str, name: str, active: Any, services: str, roles: str, procedures: str) -> AgentRow:
    return AgentRow(code, name, bool(active), _texts(roles), _texts(services), _texts(procedures))
