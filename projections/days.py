"""Local days and due dates of one town in whole microseconds; what was worked out once is kept.

The rules are ``domain.delays.Calendar``'s own. Since 1972 every zone's clock changes at a whole quarter of an hour, so
one offset serves a quarter; where a local time is missing or double, and before 1972, the calendar itself is asked.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from domain.delays import Calendar
from domain.instants import instant, micros
from domain.timetable import Timetable

_DAY: Final = 86_400_000_000
_HOUR: Final = 3_600_000_000
_QUARTER: Final = 900_000_000
_FIRST_DAY: Final = date(1970, 1, 1)
_THURSDAY: Final = 3
"""What 1970-01-01 was, counted from Monday."""
_SINCE: Final = micros(datetime(1972, 7, 1, tzinfo=UTC))
_LAST: Final = timedelta(microseconds=_QUARTER - 1)
_MOST: Final = 50_000


class Days:
    """Answers for one calendar; instants are microseconds since 1970."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._names: dict[int, str] = {}
        self._offsets: dict[int, int] = {}
        self._back: dict[int, int | None] = {}
        self._working: dict[tuple[int, int], int] = {}

    def name(self, at: int) -> str:
        """The local day of an instant, as ``2027-03-01``."""
        day = self.number(at)
        return self._names.get(day) or self._name(day)

    def number(self, at: int) -> int:
        """The same, as so many days since 1970."""
        if at < _SINCE:
            return (self._calendar.local_day(instant(at)) - _FIRST_DAY).days
        quarter = at // _QUARTER
        offset = self._offsets.get(quarter)
        return (at + (self._offset(quarter) if offset is None else offset)) // _DAY

    def first_from(self, at: int, times: Timetable) -> int:
        """The first instant of a timetable at or after an instant, as ``Timetable.first_from``."""
        day = self.number(at)
        while (day + _THURSDAY) % 7 + 1 not in times.weekdays or self._hour(day, times.hour) < at:
            day += 1
        return self._hour(day, times.hour)

    def add(self, at: int, days: int, *, working: bool) -> int:
        """The instant some calendar or working days later, as ``Calendar.add_days``."""
        if at >= _SINCE:
            quarter = at // _QUARTER
            offset = self._offsets.get(quarter)
            local = at + (self._offset(quarter) if offset is None else offset)
            day = local // _DAY
            there = self._after(day, days) if working else day + days
            naive = there * _DAY + local % _DAY
            back = self._offset_back(naive // _QUARTER)
            if back is not None:
                return naive - back
        return micros(self._calendar.add_days(instant(at), days, working=working))

    def _hour(self, day: int, hour: int) -> int:
        """A whole hour of a local day."""
        naive = day * _DAY + hour * _HOUR
        back = self._offset_back(naive // _QUARTER) if naive >= _SINCE + _DAY else None
        if back is not None:
            return naive - back
        return micros(self._calendar.hour_of(_FIRST_DAY + timedelta(day), hour))

    def _name(self, day: int) -> str:
        name = self._names[day] = (_FIRST_DAY + timedelta(day)).isoformat()
        return name

    def _offset(self, quarter: int) -> int:
        """Of the local time from UTC in a quarter of an hour."""
        if len(self._offsets) > _MOST:
            self._offsets.clear()
        local = instant(quarter * _QUARTER).astimezone(self._calendar.zone).replace(tzinfo=UTC)
        offset = self._offsets[quarter] = micros(local) - quarter * _QUARTER
        return offset

    def _offset_back(self, quarter: int) -> int | None:
        """Of UTC from a local quarter of an hour; None where a local time is missing or double."""
        if quarter in self._back:
            return self._back[quarter]
        if len(self._back) > _MOST:
            self._back.clear()
        start = instant(quarter * _QUARTER).replace(tzinfo=self._calendar.zone)
        moments = (start.replace(fold=0), start.replace(fold=1), start + _LAST, (start + _LAST).replace(fold=1))
        found = {moment.utcoffset() for moment in moments}
        offset = found.pop()
        back = None if found or offset is None else offset // timedelta(microseconds=1)
        self._back[quarter] = back
        return back

    def _after(self, day: int, days: int) -> int:
        """The number of the day some working days after a day; the time within the day does not matter."""
        key = (day, days)
        there = self._working.get(key)
        if there is None:
            begun = _FIRST_DAY + timedelta(day)
            there = self._working[key] = (self._calendar.working_day_after(begun, days) - _FIRST_DAY).days
        return there
