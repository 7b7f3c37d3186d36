"""When the town hall writes to its agents: a whole hour of chosen days of the week."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from domain.delays import Calendar

MONDAY_TO_FRIDAY: Final = (1, 2, 3, 4, 5)
_WEEK: Final = range(1, 8)
_HOURS: Final = range(24)
_DAY: Final = timedelta(1)


class Timetable(msgspec.Struct, frozen=True, omit_defaults=True):
    """Days of the week (ISO: Monday is 1) and an hour of the town's time."""

    weekdays: tuple[int, ...] = MONDAY_TO_FRIDAY
    hour: int = 8

    def faults(self) -> Iterator[tuple[str, str]]:
        """What makes it unusable, as (field, sentence in French)."""
        if not self.weekdays or len(set(self.weekdays)) < len(self.weekdays) or not set(self.weekdays) <= set(_WEEK):
            yield "weekdays", "Au moins un jour, de 1 (lundi) à 7 (dimanche), chacun une fois."
        if self.hour not in _HOURS:
            yield "hour", "Une heure entière, de 0 à 23."

    def first_from(self, moment: datetime, calendar: Calendar) -> datetime:
        """The first of its instants at or after a moment."""
        day = calendar.local_day(moment)
        while not self._opens(day) or calendar.hour_of(day, self.hour) < moment:
            day += _DAY
        return calendar.hour_of(day, self.hour)

    def last_until(self, moment: datetime, calendar: Calendar) -> datetime:
        """The last of its instants at or before a moment."""
        day = calendar.local_day(moment)
        while not self._opens(day) or calendar.hour_of(day, self.hour) > moment:
            day -= _DAY
        return calendar.hour_of(day, self.hour)

    def _opens(self, day: date) -> bool:
        return day.isoweekday() in self.weekdays
