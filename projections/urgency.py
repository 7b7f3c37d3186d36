"""« À traiter d’abord »: in which order demands want an agent, read from indexes of due dates in one statement."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, Label, Select, bindparam, case, literal_column, or_, select, union_all

from domain.status import Status
from projections.counting import AGENT, PROCESSABLE, allowed
from projections.merging import followed, key
from projections.reading import LISTED
from projections.tables import current, of_status

RANKED: Final = 1
"""The column that only puts these in order; in each branch it follows the due date, so that the first ones suffice."""
_LATE, _UNTAKEN, _SOON, _DESIGNATED, _IN_TIME = range(5)
"""Among equals the first to become late comes first."""
_MOST: Final = bindparam("most", type_=Integer)


def _by_urgency(otherwise: int) -> Label[int]:
    """Late, due soon, or what else brings the demand to this agent."""
    late, soon = current.c.due_at < bindparam("now"), current.c.due_at <= bindparam("soon")
    return case(
        (late, literal_column(f"{_LATE}")), (soon, literal_column(f"{_SOON}")), else_=literal_column(f"{otherwise}")
    ).label("rank")


_designated: Final = (
    select(_by_urgency(_DESIGNATED), *LISTED)
    .where(of_status(Status.UNTREATED), current.c.agent == AGENT, current.c.procedure.in_(PROCESSABLE))
    .order_by(current.c.due_at, current.c.seq)
    .limit(_MOST)
    .subquery()
)
_own: Final = (
    select(_by_urgency(_IN_TIME), *LISTED)
    .where(of_status(Status.IN_PROGRESS), current.c.agent == AGENT, allowed(current))
    .order_by(current.c.due_at, current.c.seq)
    .limit(_MOST)
    .subquery()
)


@lru_cache(256)
def urgent(procedures: int, *, cut: bool) -> Select[Any]:
    """The first demands for who may process so many procedures, ``range0`` and so on; ``cut`` for PostgreSQL."""
    branches = [select(_designated), select(_own), *([_untaken(procedures, cut=cut)] if procedures else [])]
    together = union_all(*branches).subquery()
    return select(together).order_by(together.c.rank, together.c.due_at, together.c.seq).limit(_MOST)


def _untaken(procedures: int, *, cut: bool) -> Select[Any]:
    """Late ones that he may take. His own designated ones, told apart after the cut, stand first anyhow."""
    late = of_status(Status.UNTREATED), current.c.due_at < bindparam("now")
    ranges = [
        key(current.c.due_at, current.c.seq).where(*late, current.c.procedure == bindparam(f"range{number}"))
        for number in range(procedures)
    ]
    first = followed(ranges, _MOST, descending=False, cut=cut)
    return (
        select(literal_column(f"{_UNTAKEN}").label("rank"), *LISTED)
        .join_from(first, current, current.c.seq == first.c.seq)
        .where(or_(current.c.agent.is_(None), current.c.agent != AGENT))
    )
