"""Names and choices on the pages of demands: what the town offers, and who may own a demand."""

from functools import lru_cache

from domain.agent import rights_of
from domain.definition import Definition
from domain.rights import Rights
from projections.names import plain
from projections.people import AgentRow, Known
from web import current


def agents() -> dict[str, AgentRow]:
    """Every agent by code, read once a request."""
    return current.known().agents


def name_of(code: str | None) -> str:
    """The agent's name, or his code where he is not known yet."""
    row = agents().get(code or "")
    return row.name if row else code or ""


def is_active(code: str) -> bool:
    """Whether this agent still works here."""
    row = agents().get(code)
    return row is not None and row.active


def definitions() -> dict[str, Definition]:
    """What rights need to know of every procedure, by code, read once a request."""
    return current.definitions_of(current.known())


def choices_of_procedures(*, whole_town: bool = False) -> tuple[tuple[str, str], ...]:
    """Codes and titles of the procedures this agent knows of, by title."""
    return _choices(current.known(), None if whole_town else current.agent().rights)


@lru_cache(current.KEPT)
def _choices(known: Known, rights: Rights | None) -> tuple[tuple[str, str], ...]:
    seen = [d for d in current.definitions_of(known).values() if rights is None or rights.sees(d)]
    return tuple(sorted(((d.code, d.title) for d in seen), key=_label))


def services(*, whole_town: bool = False) -> tuple[tuple[str, str], ...]:
    """The services whose demands this agent knows of, or all."""
    sees = current.agent().rights.sees
    names = {d.service for d in definitions().values() if whole_town or sees(d)}
    return tuple((name, name) for name in sorted(names, key=plain))


def owners(definition: Definition) -> list[tuple[str, str]]:
    """Codes and names of the active agents who may own a demand of this procedure, by name."""
    able = [
        (row.code, row.name)
        for row in agents().values()
        if row.active and rights_of(row.roles, row.services, row.procedures).processes(definition)
    ]
    return sorted(able, key=_label)


def colleagues(*, whole_town: bool = False) -> tuple[tuple[str, str], ...]:
    """Codes and names of the agents of this agent's services, or of all, by name; those who left are named so."""
    return _colleagues(current.known(), None if whole_town else current.agent().rights.services)


@lru_cache(current.KEPT)
def _colleagues(known: Known, mine: frozenset[str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (
                (row.code, row.name if row.active else f"{row.name} (agent inactif)")
                for row in known.agents.values()
                if mine is None or not mine.isdisjoint(row.services)
            ),
            key=_label,
        )
    )


def _label(choice: tuple[str, str]) -> str:
    return plain(choice[1])


def terms(vocabulary: str) -> list[tuple[str, str]]:
    """The codes and labels that the town offers: ``reason``, ``outcome`` or ``event_type``."""
    return list(current.parts().office.directory.townhall().offered(vocabulary).items())


def known_terms(vocabulary: str) -> list[tuple[str, str]]:
    """Those that were offered once as well, to look for what is past."""
    return list(current.parts().office.directory.townhall().vocabularies[vocabulary].items())
