"""Which demands reminders and expiry must look at: candidates by number, judged afterwards on their facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Engine, Select, bindparam, select, tuple_

from domain.instants import micros
from domain.status import Status
from projections.prepared import Prepared
from projections.tables import current, intervals, of_status

_NOW: Final[BindParameter[int]] = bindparam("now")
_PLACE: Final = tuple_(bindparam("value", type_=BigInteger), bindparam("seq", type_=BigInteger))


def _in_order(by: ColumnElement[int], wanted: ColumnElement[bool]) -> Select[tuple[UUID, int, int]]:
    return (
        select(current.c.demand_id, by, current.c.seq)
        .where(wanted, tuple_(by, current.c.seq) > _PLACE)
        .order_by(by, current.c.seq)
        .limit(bindparam("most"))
    )


_due: Final = _in_order(current.c.remind_at, current.c.remind_at <= _NOW)
_ahead: Final = _in_order(current.c.reminded_at, current.c.reminded_at > _NOW)
"""Those reminded of by a clock that ran ahead and was set right: their next reminder may be due long before it."""
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
PAGE: Final = 500


class Overdue:
    """Answers identities of demands."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._prepared = engine, Prepared(engine)

    def reminders(self, now: datetime, most: int = PAGE) -> Iterator[list[UUID]]:
        """Every demand with a reminder due, so many at a time, the longest due first; each page read in one index."""
        for chosen in (_due, _ahead):
            place = {"value": -(2**62), "seq": -1}
            while page := self._prepared.rows(chosen, {"now": micros(now), "most": most, **place}):
                yield [identity_of(row[0]) for row in page]
                if len(page) < most:
                    break
                _, place["value"], place["seq"] = page[-1]

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


def identity_of(value: str | UUID) -> UUID:
    """An identity as the driver gives it: SQLite's are texts of 32 hexadecimal digits."""
    return UUID(value) if isinstance(value, str) else value
