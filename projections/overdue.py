"""Which demands reminders and expiry must look at: candidates by number, judged afterwards on their facts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Engine, bindparam, select, tuple_

from domain.instants import micros
from domain.status import Status
from projections.prepared import Prepared
from projections.tables import current, intervals, of_status

_NOW: Final[BindParameter[int]] = bindparam("now")
_after: Final = tuple_(current.c.due_at, current.c.seq) > tuple_(
    bindparam("value", type_=BigInteger), bindparam("seq", type_=BigInteger)
)
LATE: Final = {
    status: select(current.c.demand_id, current.c.due_at, current.c.seq)
    .where(of_status(status), current.c.due_at <= _NOW, _after)
    .order_by(current.c.due_at, current.c.seq)
    .limit(bindparam("most"))
    for status in (Status.UNTREATED, Status.IN_PROGRESS)
}
"""By status, the demands whose due date is past, page by page."""
_received: Final = (
    select(current.c.demand_id)
    .where(
        of_status(Status.UNTREATED),
        current.c.procedure == bindparam("procedure"),
        current.c.submitted_at <= bindparam("until"),
    )
    .order_by(current.c.submitted_at, current.c.seq)
)
_as_of: Final = (
    select(intervals.c.demand_id)
    .where(
        intervals.c.until > _NOW, intervals.c.since <= _NOW, intervals.c.status.in_(bindparam("among", expanding=True))
    )
    .order_by(intervals.c.since)
)
_lived: Final = select(intervals.c.demand_id).where(intervals.c.since < _NOW).distinct()
_PAGE: Final = 500


class Overdue:
    """Answers identities of demands."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._prepared = engine, Prepared(engine)

    def late(self, now: datetime) -> list[UUID]:
        """Every demand not taken, or not closed, in time."""
        return [identity for status in LATE for identity in self._late(status, now)]

    def next_late(self, status: Status, now: datetime, most: int = _PAGE) -> list[UUID]:
        """The demands of one status that are late, the longest first, up to so many; read in its index alone."""
        return [identity_of(row[0]) for row in self._page(status, micros(now), -(2**62), -1, most)]

    def untreated(self, procedure: str, until: datetime) -> list[UUID]:
        """The demands of a procedure that were received up to an instant and that nobody took."""
        with self._engine.connect() as connection:
            return list(connection.scalars(_received, {"procedure": procedure, "until": micros(until)}))

    def as_of(self, moment: datetime, *among: Status) -> list[UUID]:
        """The demands that were in one of these statuses at an instant."""
        with self._engine.connect() as connection:
            return list(connection.scalars(_as_of, {"now": micros(moment), "among": list(map(str, among))}))

    def received_before(self, moment: datetime) -> list[UUID]:
        """Every demand, open or finished, received before an instant."""
        with self._engine.connect() as connection:
            return list(connection.scalars(_lived, {"now": micros(moment)}))

    def _late(self, status: Status, now: datetime) -> list[UUID]:
        found: list[UUID] = []
        due, seq = -(2**62), -1
        while page := self._page(status, micros(now), due, seq, _PAGE):
            found += [identity_of(row[0]) for row in page]
            _, due, seq = page[-1]
        return found

    def _page(self, status: Status, now: int, due: int, seq: int, most: int) -> Sequence[Sequence[Any]]:
        return self._prepared.rows(LATE[status], {"now": now, "value": due, "seq": seq, "most": most})


def identity_of(value: str | UUID) -> UUID:
    """An identity as the driver gives it: SQLite's are texts of 32 hexadecimal digits."""
    return UUID(value) if isinstance(value, str) else value
