"""When a demand nobody takes is deleted, and when its agents are warned before; taking it in charge cancels both."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from domain.definition import Definition
from domain.delays import Calendar
from domain.demand import Demand
from domain.facts import Fact, fold
from domain.status import Status

RULE: Final = "deletion_delay"


class Fading(msgspec.Struct, frozen=True):
    """An untreated demand as expiry sees it, and the warnings that were ever recorded for it.

    A warning is known by the deadline it told of and by how many days before it should leave.
    """

    demand: Demand
    warned: frozenset[tuple[datetime, int]]


class Ending(msgspec.Struct, frozen=True):
    """A demand to delete now, or to warn of: its deadline, and for a warning which one it is and the days left."""

    demand_id: UUID
    reference: str
    procedure: str
    owner: str | None
    submitted_at: datetime
    deadline: datetime
    days_before: int | None = None
    days_left: int = 0

    @property
    def over(self) -> bool:
        """Whether the demand is to be deleted rather than warned of."""
        return self.days_before is None


def deadline(submitted: datetime, definition: Definition, calendar: Calendar) -> datetime | None:
    """When an untreated demand is deleted, in the procedure's own days; None when it never is."""
    if definition.deletion_delay_days is None:
        return None
    working = definition.delay_calendar == "working"
    return calendar.add_days(submitted, definition.deletion_delay_days, working=working)


def fading(facts: Sequence[Fact], as_of: datetime | None = None) -> Fading | None:
    """An untreated demand as its facts, or those dated up to an instant, have made it; None for any other."""
    demand: Demand | None = fold(fact for fact in facts if as_of is None or fact.timestamp <= as_of)
    if demand is None or demand.status is not Status.UNTREATED:
        return None
    warned = {(fact.deadline, fact.days_before) for fact in facts if isinstance(fact, Demand.ExpiryWarned)}
    return Fading(demand, frozenset(warned))


def ending(
    one: Fading, definition: Definition, warning_days: Sequence[int], calendar: Calendar, now: datetime
) -> Ending | None:
    """What is to be done by now: delete, or give the latest warning that was not given.

    A warning that would have come before the demand itself is left out.
    """
    demand = one.demand
    last = deadline(demand.submitted_at, definition, calendar)
    if last is None:
        return None
    if last <= now:
        return _ending(demand, last)
    for days in sorted(warning_days):
        begins = calendar.add_days(last, -days, working=False)
        if demand.submitted_at < begins <= now:
            left = (calendar.local_day(last) - calendar.local_day(now)).days
            given = any(told == last and before <= days for told, before in one.warned)
            return None if given else _ending(demand, last, days, left)
    return None


def _ending(demand: Demand, last: datetime, days_before: int | None = None, days_left: int = 0) -> Ending:
    return Ending(
        demand.id,
        demand.reference,
        demand.procedure,
        demand.owner,
        demand.submitted_at,
        last,
        days_before,
        days_left,
    )
