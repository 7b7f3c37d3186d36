"""The journal: finished demands and their milestones, the latest closed first."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Engine, Integer, Select, bindparam, literal, or_, select, tuple_

from domain.instants import instant, maybe_instant, maybe_micros
from projections.cursors import Place, read_cursor, written_cursor
from projections.merging import in_order, key, merged
from projections.reading import Scope
from projections.rows import SENT_AGAIN, agents_of, milestones_of
from projections.tables import journal, journal_marks

_SORT: Final = "closed"
_SHAPES_KEPT: Final = 512
_MARKS: Final = ("agent", "event")
_MOST: Final = bindparam("most", type_=Integer)
_KINDS: Final = {SENT_AGAIN: "MailRequested"}
"""The kinds of milestones that are not told as they are kept."""
_SHOWN: Final = tuple(c for c in journal.columns if c.name not in ("demand_id", "agent", "version"))


_conditions: Final[dict[str, ColumnElement[bool]]] = {
    "reference": journal.c.reference == bindparam("reference"),
    "procedure": journal.c.procedure == bindparam("procedure"),
    "service": journal.c.service == bindparam("service"),
    "closed_from": journal.c.closed_at >= bindparam("closed_from"),
    "closed_before": journal.c.closed_at < bindparam("closed_before"),
    "archived_before": journal.c.closed_at < bindparam("archived_before"),
    "archived_from": journal.c.closed_at >= bindparam("archived_from"),
}


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
        place = read_cursor(criteria.cursor, _SORT)
        ranges = _rights(scope)
        if ranges == ((), ()):
            return JournalPage([], None)
        values = _values(criteria) | _named(ranges) | {"most": criteria.limit + 1}
        if place is not None:
            values |= {"at": place.value, "seq": place.seq}
        marks = tuple(name for name in _MARKS if values[name] is not None)
        given = tuple(name for name in _conditions if values[name] is not None)
        numbers = None if ranges is None else (len(ranges[0]), len(ranges[1]))
        statement = _statement(marks, given, numbers, place is not None)
        with self._engine.connect() as connection:
            found = connection.execute(statement, values).all()
        rows, more = found[: criteria.limit], len(found) > criteria.limit
        last = written_cursor(Place(_SORT, rows[-1].closed_at, rows[-1].seq)) if more else None
        return JournalPage([_row(row) for row in rows], last)


def _values(criteria: JournalCriteria) -> dict[str, Any]:
    limit = criteria.archive_limit if criteria.archived is not None else None
    return {
        "reference": criteria.reference,
        "procedure": criteria.procedure,
        "service": criteria.service,
        "agent": None if criteria.agent is None else f"agent:{criteria.agent}",
        "event": None if criteria.event_type is None else f"event:{criteria.event_type}",
        "closed_from": maybe_micros(criteria.closed_from),
        "closed_before": maybe_micros(criteria.closed_before),
        "archived_before": maybe_micros(limit) if criteria.archived else None,
        "archived_from": None if criteria.archived else maybe_micros(limit),
    }


def _rights(scope: Scope | None) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The services and the procedures whose demands may be seen; None for the whole town.

    Procedures within the services add nothing, and where all are, none is looked through.
    """
    if scope is None or scope.everything:
        return None
    return scope.services, () if set(scope.reach) <= set(scope.services) and scope.reach else scope.processable


def _named(ranges: tuple[tuple[str, ...], tuple[str, ...]] | None) -> dict[str, str]:
    services, procedures = ranges or ((), ())
    named = {f"service{number}": service for number, service in enumerate(services)}
    return named | {f"procedure{number}": code for number, code in enumerate(procedures)}


@lru_cache(_SHAPES_KEPT)
def _statement(
    marks: tuple[str, ...],
    given: tuple[str, ...],
    ranges: tuple[int, int] | None,
    continued: bool,  # noqa: FBT001 — one of the keys
) -> Select[Any]:
    """The statement for these criteria: one range of an index for each service and procedure, or that of a mark."""
    source = journal_marks if marks else journal
    at, seq = source.c.closed_at, source.c.seq
    order = in_order(journal.c.closed_at, journal.c.seq, descending=True)
    conditions = [_conditions[name] for name in given]
    after = tuple_(at, seq) < tuple_(bindparam("at", type_=BigInteger), bindparam("seq", type_=BigInteger))
    begun = [after] if continued else []
    bounds = _bounds(ranges)
    if marks:
        within = [*conditions, or_(*bounds)] if bounds else conditions
        ranged = [[journal_marks.c.mark == bindparam(marks[0]), *map(_marked, marks[1:]), *_told(within)]]
    elif bounds:
        ranged = [[one, *conditions] for one in bounds]
    else:
        return select(*_SHOWN).where(*conditions, *begun).order_by(*order).limit(_MOST)
    first = merged([key(at, seq).where(*range_, *begun) for range_ in ranged], _MOST, descending=True)
    return select(*_SHOWN).join_from(first, journal, journal.c.seq == first.c.seq).order_by(*order)


def _bounds(ranges: tuple[int, int] | None) -> list[ColumnElement[bool]]:
    services, procedures = ranges or (0, 0)
    bounds = [journal.c.service == bindparam(f"service{number}") for number in range(services)]
    return bounds + [journal.c.procedure == bindparam(f"procedure{number}") for number in range(procedures)]


def _marked(name: str) -> ColumnElement[bool]:
    """Whether the same demand bears another mark."""
    other = journal_marks.alias("other")
    found = select(literal(1)).where(
        other.c.mark == bindparam(name),
        other.c.closed_at == journal_marks.c.closed_at,
        other.c.seq == journal_marks.c.seq,
    )
    return found.correlate(journal_marks).limit(1).scalar_subquery() == 1


def _told(conditions: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """What the journal tells of a marked demand: a scalar, so that the order of the marks leads."""
    if not conditions:
        return []
    found = select(literal(1)).where(journal.c.seq == journal_marks.c.seq, *conditions)
    return [found.correlate(journal_marks).limit(1).scalar_subquery() == 1]


def _row(values: Any) -> JournalRow:
    milestones = milestones_of(values.milestones)
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
        agents_of(milestones),
        [JournalMilestone(_KINDS.get(m.kind, m.kind), instant(m.at), m.agent, m.detail) for m in milestones],
    )
