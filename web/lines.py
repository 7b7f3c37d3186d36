"""The rows of a list as agents see them: names opened in one call, and what each row lets this agent do."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from domain.applicant import read_applicant
from domain.definition import Definition
from domain.errors import Erased
from domain.rights import Rights
from domain.sealing import DataKey, Sealed, place
from domain.status import Status
from projections.reading import Row
from web import current, people


class Line(msgspec.Struct, frozen=True):
    """One row; ``name`` is None where the agent may not read it, ``for_you`` where he was designated."""

    row: Row
    name: str | None
    reads: bool
    takes: bool
    reassigns: bool
    for_you: bool


def lines(rows: Iterable[Row]) -> list[Line]:
    """The rows with the citizens' names, for as long as this request lasts."""
    listed, agent, known = list(rows), current.agent(), people.definitions()
    definitions = {row.demand_id: known.get(row.procedure) or _unknown(row) for row in listed}
    readable = [r.demand_id for r in listed if r.applicant and agent.rights.reads(definitions[r.demand_id])]
    keys = current.parts().keyring.keys(readable) if readable else {}
    return [_line(row, definitions[row.demand_id], agent.rights, agent.code, keys) for row in listed]


def _line(row: Row, definition: Definition, rights: Rights, code: str, keys: Mapping[UUID, DataKey]) -> Line:
    untreated, processes = row.status == Status.UNTREATED, rights.processes(definition)
    return Line(
        row=row,
        name=_name(row, keys.get(row.demand_id)),
        reads=rights.reads(definition),
        takes=untreated and processes,
        reassigns=processes or rights.oversees(row.service),
        for_you=untreated and row.agent == code,
    )


def _name(row: Row, key: DataKey | None) -> str | None:
    if key is None or row.applicant is None:
        return None
    try:
        return read_applicant(key.open(Sealed(row.applicant), place(row.demand_id, 1, "applicant"))).short_name
    except Erased:
        return None


def _unknown(row: Row) -> Definition:
    """A procedure that the read models do not hold yet: nothing of it may be read."""
    return Definition(row.procedure, row.procedure, row.service, restricted=True)
