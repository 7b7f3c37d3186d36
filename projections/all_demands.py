"""Every demand, open or finished, in the order of arrival: what the API lists."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Table, literal_column, select

from domain.instants import instant, maybe_instant, micros
from domain.status import FINISHED, Status
from projections.cursors import Place, read_cursor, written_cursor
from projections.reading import maybe_due
from projections.tables import current, journal
from projections.views import snapshot

_SORT: Final = "arrival"


class DemandFilters(msgspec.Struct, frozen=True):
    """What to list; ``received_before`` is exclusive; ``agent`` is the present owner, or the last one."""

    status: str | None = None
    procedure: str | None = None
    service: str | None = None
    agent: str | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    late: bool | None = None
    limit: int = 50
    cursor: str | None = None


class DemandRow(msgspec.Struct, frozen=True):
    """A demand as outsiders see it: nothing personal."""

    reference: str
    status: str
    procedure: str
    service: str
    agent: str | None
    channel: str
    submitted_at: datetime
    taken_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    version: int


class DemandPage(msgspec.Struct, frozen=True):
    """Some demands, and the cursor of the next ones."""

    items: list[DemandRow]
    next: str | None


class AllDemands:
    """Reads the lists and the journal as one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, filters: DemandFilters, now: datetime) -> DemandPage:
        """One page in the order of arrival; raises BadCursor."""
        place = read_cursor(filters.cursor, _SORT)
        with snapshot(self._engine) as connection:
            found = [*_open(connection, filters, place, now), *_finished(connection, filters, place)]
        found.sort(key=lambda pair: pair[0])
        rows, more = found[: filters.limit], len(found) > filters.limit
        return DemandPage(
            [row for _, row in rows], written_cursor(Place(_SORT, 0, rows[-1][0])) if more and rows else None
        )


def _open(
    connection: Connection, filters: DemandFilters, place: Place | None, now: datetime
) -> list[tuple[int, DemandRow]]:
    if filters.status in set(FINISHED):
        return []
    conditions = _conditions(current, filters, place)
    if filters.late is not None:
        at = micros(now)
        conditions.append(current.c.due_at < at if filters.late else current.c.due_at >= at)
    chosen = select(current).where(*conditions).order_by(current.c.seq).limit(filters.limit + 1)
    return [(row.seq, _row(row, maybe_due(row.due_at), None)) for row in connection.execute(chosen)]


def _finished(connection: Connection, filters: DemandFilters, place: Place | None) -> list[tuple[int, DemandRow]]:
    if filters.late or (filters.status is not None and filters.status not in set(FINISHED)):
        return []
    chosen = select(journal).where(*_conditions(journal, filters, place)).order_by(journal.c.seq)
    rows = connection.execute(chosen.limit(filters.limit + 1))
    return [(row.seq, _row(row, None, instant(row.closed_at))) for row in rows]


def _conditions(table: Table, filters: DemandFilters, place: Place | None) -> list[Any]:
    conditions: list[Any] = [table.c.seq > place.seq] if place is not None else []
    if filters.status is not None:
        conditions.append(table.c.status == literal_column(f"'{Status(filters.status)}'"))
    for name in ("procedure", "service", "agent"):
        wanted = getattr(filters, name)
        if wanted is not None:
            conditions.append(table.c[name] == wanted)
    if filters.received_from is not None:
        conditions.append(table.c.submitted_at >= micros(filters.received_from))
    if filters.received_before is not None:
        conditions.append(table.c.submitted_at < micros(filters.received_before))
    return conditions


def _row(values: Any, due_at: datetime | None, closed_at: datetime | None) -> DemandRow:
    return DemandRow(
        values.reference,
        values.status,
        values.procedure,
        values.service,
        values.agent,
        values.channel,
        instant(values.submitted_at),
        maybe_instant(values.taken_at),
        due_at,
        closed_at,
        values.version,
    )
