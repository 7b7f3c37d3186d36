"""The numbers beside the sections: sums of roll-ups within an agent's rights, read with a list in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Table, bindparam, func, literal_column, or_, select

from domain.instants import micros
from domain.status import Status
from projections.reading import Counters, Scope
from projections.tables import current, of_status, open_counts

AGENT: Final[BindParameter[str]] = bindparam("me")
PROCESSABLE: Final[BindParameter[Any]] = bindparam("processable", expanding=True)
SERVICES: Final[BindParameter[Any]] = bindparam("services", expanding=True)
_AT_MOST_LATE: Final = 1_000


def allowed(table: Table) -> ColumnElement[bool]:
    """What this agent may list: procedures he may process, services he oversees."""
    return or_(table.c.procedure.in_(PROCESSABLE), table.c.service.in_(SERVICES))


def _sum(name: str, *conditions: ColumnElement[bool]) -> Any:
    chosen = select(func.coalesce(func.sum(open_counts.c.n), 0)).where(*conditions)
    return chosen.scalar_subquery().label(f"n_{name}")


def _counted(status: Status) -> ColumnElement[bool]:
    return open_counts.c.status == literal_column(f"'{status}'")


_mine: Final = open_counts.c.agent == AGENT
_processed: Final = open_counts.c.procedure.in_(PROCESSABLE)
COUNTS: Final = (
    _sum("in_progress", _mine, _counted(Status.IN_PROGRESS), allowed(open_counts)),
    _sum("untreated", _processed, _counted(Status.UNTREATED)),
    _sum("on_hold", _mine, _counted(Status.ON_HOLD), allowed(open_counts)),
    _sum("service", open_counts.c.service.in_(SERVICES)),
    _sum("for_you", _mine, _processed, _counted(Status.UNTREATED)),
)
"""One column for each section."""
_late: Final = (
    select(current.c.seq)
    .where(of_status(Status.IN_PROGRESS), current.c.agent == AGENT, current.c.due_at < bindparam("now"))
    .where(allowed(current))
    .limit(_AT_MOST_LATE)
    .subquery()
)
ALL_COUNTS: Final = select(*COUNTS, select(func.count()).select_from(_late).scalar_subquery().label("n_late"))


def asked_now(scope: Scope, now: datetime) -> dict[str, object]:
    """The values of these statements for one agent at one instant."""
    return {
        "me": scope.agent,
        "processable": scope.processable,
        "services": scope.services,
        "now": micros(now),
    }


def counters(counted: Sequence[Any]) -> Counters:
    """From the columns of ``COUNTS``, and the late ones where they were counted."""
    in_progress, untreated, on_hold, service, for_you, *late = map(int, counted)
    return Counters(in_progress, untreated, on_hold, service, sum(late), for_you)
