"""Days and instants on the command line; a bad one is a wrong usage (exit 2)."""

import re
from datetime import date, datetime, tzinfo
from typing import Any, Final

import click

EARLIEST: Final = 1900
LATEST: Final = 2199
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Day(click.ParamType[date]):
    """A local day, ``2026-11-24``."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that was typed."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None or not EARLIEST <= day.year <= LATEST:
            self.fail(f"« {value} » n’est pas une date AAAA-MM-JJ, de {EARLIEST} à {LATEST}.", param, ctx)
        return day


class Moment(click.ParamType[datetime]):
    """An instant in ISO 8601; without an offset it is the town's own time, and a day alone its first instant."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant that was typed, aware or not; ``in_zone`` makes it aware."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or not EARLIEST <= found.year <= LATEST:
            self.fail(f"« {value} » n’est pas un instant ISO 8601, par exemple 2026-11-24T14:03:00+01:00.", param, ctx)
        return found


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The instant meant by what was typed in this zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def require_order(first: date | None, last: date | None) -> None:
    """Refuse a period that ends before it begins."""
    if first is not None and last is not None and first > last:
        raise click.BadParameter("La période commence après sa fin.", param_hint="--from")
