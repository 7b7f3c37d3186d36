"""Local days, and the weeks, months and years they belong to; which histograms add up to a range of days."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

PERIODS: Final = ("day", "week", "month", "year")
_DECEMBER: Final = 12


def key_of(day: date, period: str) -> str:
    """The name of the period a day is in: ``2011-10-11``, ``2011-W41`` (ISO), ``2011-10`` or ``2011``."""
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[period]]


def split(first: date, last: date, period: str) -> Iterator[tuple[str, date, date]]:
    """The periods of a range, each with its own first and last day within the range."""
    start = first
    while start <= last:
        end = min(_end_of(start, period), last)
        yield key_of(start, period), start, end
        start = end + timedelta(1)


def grains(first: date, last: date, *, years: bool = True) -> Iterator[str]:
    """The fewest years, months and days that make up a range, as the roll-ups name them; counts have no ``years``."""
    start = first
    while start <= last:
        year_end, month_end = _end_of(start, "year"), _end_of(start, "month")
        if years and start == date(start.year, 1, 1) and year_end <= last:
            yield start.isoformat()[:4]
            start = year_end + timedelta(1)
        elif start.day == 1 and month_end <= last:
            yield start.isoformat()[:7]
            start = month_end + timedelta(1)
        else:
            yield start.isoformat()
            start += timedelta(1)


def _end_of(day: date, period: str) -> date:
    if period == "day":
        return day
    if period == "week":
        return day + timedelta(6 - day.weekday())
    if period == "year":
        return date(day.year, _DECEMBER, 31)
    following = date(day.year + day.month // _DECEMBER, day.month % _DECEMBER + 1, 1)
    return following - timedelta(1)
