"""French days counted by hand, for comparison: no library of holidays, no time zone database.

Easter after Meeus, Astronomical Algorithms, chapter 8; holidays after article L3133-1 of the Code du travail, with
those of the law of 1892 in Alsace and Moselle; summer time after directive 2000/84/EC, between the last Sundays of
March and October at one o'clock UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

DAY, HOUR = timedelta(1), timedelta(hours=1)
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
AFTER_EASTER = (1, 39, 50)


def easter(year: int) -> date:
    """The Sunday of Easter."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l_ = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * l_) // 451
    month, day = divmod(h + l_ - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int, *, alsace: bool) -> frozenset[date]:
    """The public holidays of a year."""
    sunday = easter(year)
    found = {date(year, month, day) for month, day in FIXED} | {sunday + after * DAY for after in AFTER_EASTER}
    return frozenset(found | ({sunday - 2 * DAY, date(year, 12, 26)} if alsace else set()))


@cache
def summer(year: int) -> tuple[datetime, datetime]:
    """When summer time begins and ends, in UTC."""
    ends = [date(year, month, 31) for month in (3, 10)]
    first, last = (datetime.combine(end - end.isoweekday() % 7 * DAY, time(1), UTC) for end in ends)
    return first, last


def in_town(at: datetime) -> datetime:
    """What the clocks of the town show, without a zone."""
    first, last = summer(at.year)
    return (at + (2 * HOUR if first <= at < last else HOUR)).replace(tzinfo=None)


def instant(shown: datetime) -> datetime:
    """When the clocks show it: the first time where they do so twice, the end of the gap where they never do."""
    first, last = summer(shown.year)
    early, late = shown.replace(tzinfo=UTC) - 2 * HOUR, shown.replace(tzinfo=UTC) - HOUR
    if first <= early < last:
        return early
    return first if late >= first > early else late


def later(at: datetime, days: int, *, working: bool = False, alsace: bool = False) -> datetime:
    """The same time of the town, some days or working days later."""
    shown = in_town(at)
    day, left = shown.date(), days
    while left:
        day += DAY
        left -= not working or (day.isoweekday() < 6 and day not in holidays(day.year, alsace=alsace))
    return instant(datetime.combine(day, shown.time()))


def occurrence(due: datetime, number: int, every: int = 7, hour: int = 8) -> datetime:
    """A reminder: eight o'clock of the first day from Monday to Friday that is not before it."""
    wanted = later(due, number * every)
    day = in_town(wanted).date()
    while day.isoweekday() > 5 or instant(datetime.combine(day, time(hour))) < wanted:
        day += DAY
    return instant(datetime.combine(day, time(hour)))


def last_occurrence(due: datetime, now: datetime, every: int = 7) -> datetime | None:
    """The last reminder that should have left by now."""
    numbers = range((now - due).days // every + 1, -1, -1)
    return next((at for number in numbers if (at := occurrence(due, number, every)) <= now), None)
