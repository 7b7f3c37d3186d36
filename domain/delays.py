"""Due dates: days are counted on local dates, then converted once; holidays and zone come in as arguments."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from domain.status import Status

SATURDAY = 5
Holidays = Callable[[date], bool]


class Delays(msgspec.Struct, frozen=True):
    """A procedure's delays in days (None: no due date) and whether only working days count."""

    take: int | None
    close: int | None
    working: bool


class Calendar(msgspec.Struct, frozen=True):
    """The town's zone and holidays."""

    zone: tzinfo
    is_holiday: Holidays

    def local_day(self, instant: datetime) -> date:
        """The day it is in town at this instant."""
        return instant.astimezone(self.zone).date()

    def add_days(self, start: datetime, days: int, *, working: bool) -> datetime:
        """The same local time some days later, in UTC; working days leave out Saturdays, Sundays and holidays."""
        local = start.astimezone(self.zone)
        day = self.working_day_after(local.date(), days) if working else local.date() + timedelta(days)
        return self._instant(datetime.combine(day, local.time()))

    def start_of(self, day: date) -> datetime:
        """The first instant of a local day, in UTC."""
        return self._instant(datetime.combine(day, datetime.min.time()))

    def hour_of(self, day: date, hour: int) -> datetime:
        """A whole hour of a local day, in UTC."""
        return self._instant(datetime.combine(day, time(hour)))

    def working_day_after(self, day: date, days: int) -> date:
        """The day some working days later; none at all is the day itself."""
        while days > 0:
            day += timedelta(1)
            if day.weekday() < SATURDAY and not self.is_holiday(day):
                days -= 1
        return day

    def _instant(self, naive: datetime) -> datetime:
        """A local time in a clock-change gap moves to the gap's end; a double one is the first of the two."""
        before = naive.replace(tzinfo=self.zone, fold=0)
        there_and_back = before.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None)
        if there_and_back == naive:
            return before.astimezone(UTC)
        after = naive.replace(tzinfo=self.zone, fold=1)
        return self._gap_end(after.astimezone(UTC), before.astimezone(UTC))

    def _gap_end(self, low: datetime, high: datetime) -> datetime:
        """The instant of the clock change between two instants, to the second."""
        offset = low.astimezone(self.zone).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)


def due_at(
    status: Status,
    submitted: datetime,
    taken: datetime | None,
    held_seconds: float,
    delays: Delays,
    calendar: Calendar,
) -> datetime | None:
    """When the demand should have been taken or closed; None on hold, when finished or without a delay."""
    if status is Status.UNTREATED and delays.take is not None:
        return calendar.add_days(submitted, delays.take, working=delays.working)
    if status is Status.IN_PROGRESS and taken is not None and delays.close is not None:
        return calendar.add_days(taken, delays.close, working=delays.working) + timedelta(seconds=held_seconds)
    return None
