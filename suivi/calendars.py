"""The town's calendar: its zone and the French public holidays, with those of Alsace and Moselle where they apply."""

from collections.abc import Callable
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from domain.delays import Calendar, Holidays


@cache
def french_holidays(*, alsace_moselle: bool) -> Holidays:
    """Whether a day is a public holiday; Good Friday and 26 December count in Alsace and Moselle (law of 1892).

    The library notes a year as known before it has its days: shared by threads, it denies a holiday to whoever asks in
    between. So each year is worked out apart and never changes.
    """
    subdivision = "57" if alsace_moselle else None

    @cache
    def of(year: int) -> frozenset[date]:
        return frozenset(holidays.country_holidays("FR", subdivision, years=year, expand=False))

    return lambda day: day in of(day.year)


def calendars(zone: ZoneInfo) -> Callable[[bool], Calendar]:
    """The calendar of a zone, with or without the holidays of Alsace and Moselle."""

    def of(alsace_moselle: bool) -> Calendar:  # noqa: FBT001 — the port's shape
        return Calendar(zone, french_holidays(alsace_moselle=alsace_moselle))

    return of
