"""The journal: finished demands and their milestones, the latest closed first."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Engine, or_, select

from domain.instants import instant, maybe_instant, micros
from projections.cursors import Place, read_cursor, written_cursor
from projections.reading import Scope, after
from projections.rows import marks_of, milestones_of
from projections.tables import journal, journal_marks

_SORT: Final = "closed"


class JournalCriteria(msgspec.Struct, frozen=True):
    """What to look for; ``archived`` asks for those closed before ``archive_limit`` (True) or since (False)."""

    reference: str | None = None
    procedure: str | None = None
    service: str | None = None
    agent: str | None = None
    event_type: str | None = None
    closed_from: datetime | None = None
    closed_before: datetime | None = None
    archived: bool | None = None
    archive_limit: datetime | None = None
    limit: int = 50
    cursor: str | None = None


class JournalMilestone(msgspec.Struct, frozen=True):
    """One fact that stays: its kind, instant, agent's code, and a configured code."""

    kind: str
    at: datetime
    agent: str | None
    detail: str | None


class JournalRow(msgspec.Struct, frozen=True):
    """A finished demand, as it stays for ever."""

    reference: str
    procedure: str
    service: str
    status: str
    outcome: str | None
    channel: str
    submitted_at: datetime
    taken_at: datetime | None
    closed_at: datetime
    erased_at: datetime | None
    agents: list[str]
    milestones: list[JournalMilestone]


class JournalPage(msgspec.Struct, frozen=True):
    """Some rows, and the cursor of the next ones."""

    rows: list[JournalRow]
    next: str | None


class Journal:
    """Answers what is finished."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, criteria: JournalCriteria, scope: Scope | None) -> JournalPage:
        """One page; without a scope the whole town's. Raises BadCursor."""
        chosen = select(journal).where(*_conditions(criteria), *_rights(scope))
        place = read_cursor(criteria.cursor, _SORT)
        if place is not None:
            chosen = chosen.where(after(place, journal.c.closed_at, journal.c.seq, descending=True))
        order = (journal.c.closed_at.desc(), journal.c.seq.desc())
        with self._engine.connect() as connection:
            found = connection.execute(chosen.order_by(*order).limit(criteria.limit + 1)).all()
        rows, more = found[: criteria.limit], len(found) > criteria.limit
        last = written_cursor(Place(_SORT, rows[-1].closed_at, rows[-1].seq)) if more else None
        return JournalPage([_row(row) for row in rows], last)


def _conditions(criteria: JournalCriteria) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in ("reference", "procedure", "service"):
        wanted = getattr(criteria, name)
        if wanted is not None:
            conditions.append(journal.c[name] == wanted)
    for mark, wanted in (("agent", criteria.agent), ("event", criteria.event_type)):
        if wanted is not None:
            bearing = select(journal_marks.c.seq).where(journal_marks.c.mark == f"{mark}:{wanted}")
            conditions.append(journal.c.seq.in_(bearing))
    if criteria.closed_from is not None:
        conditions.append(journal.c.closed_at >= micros(criteria.closed_from))
    if criteria.closed_before is not None:
        conditions.append(journal.c.closed_at < micros(criteria.closed_before))
    if criteria.archived is not None and criteria.archive_limit is not None:
        limit = micros(criteria.archive_limit)
        conditions.append(journal.c.closed_at < limit if criteria.archived else journal.c.closed_at >= limit)
    return conditions


def _rights(scope: Scope | None) -> list[ColumnElement[bool]]:
    if scope is None or scope.everything:
        return []
    return [or_(journal.c.service.in_(scope.services), journal.c.procedure.in_(scope.processable))]


def _row(values: Any) -> JournalRow:
    milestones = milestones_of(values.milestones)
    known = marks_of(milestones)
    seen = dict.fromkeys(code for m in milestones for code in (m.agent, m.detail) if code and f"agent:{code}" in known)
    return JournalRow(
        values.reference,
        values.procedure,
        values.service,
        values.status,
        values.outcome,
        values.channel,
        instant(values.submitted_at),
        maybe_instant(values.taken_at),
        instant(values.closed_at),
        maybe_instant(values.erased_at),
        list(seen),
        [JournalMilestone(m.kind, instant(m.at), m.agent, m.detail) for m in milestones],
    )
