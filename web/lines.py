"""The rows of a list as agents see them: names opened in one call, and what each row lets this agent do."""

from collections.abc import Iterable

import msgspec
from markupsafe import Markup, escape

from domain.agent import Agent
from domain.applicant import read_applicant
from domain.definition import Definition
from domain.errors import Erased
from domain.rights import Rights
from domain.sealing import DataKey, Sealed, place
from domain.status import Status
from projections.reading import Row
from web import current, people, pieces
from web.filters import agent_name


class Line(msgspec.Struct, frozen=True):
    """One row as it is written; ``name`` is None where the agent may not read it, ``for_you`` where he was designated.

    ``able`` says what this agent may do with the demands of its procedure.
    """

    row: Row
    name: str | None
    able: "Able"
    takes: bool
    reassigns: bool
    for_you: bool
    late: bool
    received: Markup
    due: Markup
    procedure: Markup
    agent: str


class Able(msgspec.Struct, frozen=True):
    """What an agent may do with the demands of one procedure."""

    reads: bool
    processes: bool
    title: Markup


def lines(rows: Iterable[Row]) -> list[Line]:
    """The rows with the citizens' names, for as long as this request lasts."""
    listed, reader = list(rows), current.agent()
    able = {row.procedure: _able(row, reader.rights) for row in {row.procedure: row for row in listed}.values()}
    readable = [row.demand_id for row in listed if row.applicant and able[row.procedure].reads]
    keys = current.parts().keyring.keys(readable) if readable else {}
    dates = pieces.dates()
    return [_line(row, reader, able[row.procedure], keys.get(row.demand_id), dates) for row in listed]


def _able(row: Row, rights: Rights) -> Able:
    definition = people.definitions().get(row.procedure) or _unknown(row)
    return Able(rights.reads(definition), rights.processes(definition), escape(definition.title))


def _line(row: Row, reader: Agent, able: Able, key: DataKey | None, dates: pieces.Dates) -> Line:
    untreated = row.status == Status.UNTREATED
    return Line(
        row=row,
        name=_name(row, key),
        able=able,
        takes=untreated and able.processes,
        reassigns=able.processes or reader.rights.oversees(row.service),
        for_you=untreated and row.agent == reader.code,
        late=dates.is_late(row.due_at),
        received=dates.since(row.submitted_at),
        due=pieces.NO_DUE if row.due_at is None else dates.due(row.due_at),
        procedure=able.title,
        agent=agent_name(row.agent) if row.agent else "",
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
