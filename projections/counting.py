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
AT_MOST_LATE: Final = 300


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


def _late(name: str, status: Status, *conditions: ColumnElement[bool]) -> Any:
    found = select(current.c.seq).where(of_status(status), current.c.due_at < bindparam("now"), *conditions)
    first = found.limit(AT_MOST_LATE).subquery()
    return select(func.count()).select_from(first).scalar_subquery().label(f"n_{name}")


ALL_COUNTS: Final = select(
    *COUNTS,
    _late("late", Status.IN_PROGRESS, current.c.agent == AGENT, allowed(current)),
    _late("late_untreated", Status.UNTREATED, current.c.procedure.in_(PROCESSABLE)),
)
"""With the late ones, which are counted in an index of due dates as far as ``AT_MOST_LATE``."""


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
    late_own, late_untreated = late or (0, 0)
    return Counters(in_progress, untreated, on_hold, service, late_own, late_untreated, for_you)
