"""A period asked for in an address: it begins before it ends, and lasts a century at most."""

from datetime import date, timedelta
from typing import Final

from domain.errors import Invalid

LONGEST: Final = timedelta(days=36_525)


def require_order(first: date | None, last: date | None, field: str = "from") -> None:
    """Refuse a period that ends before it begins; either day may be missing."""
    if first is not None and last is not None and first > last:
        raise Invalid({field: ["La période commence après sa fin."]})


def require_a_century(first: date | None, last: date, field: str = "from") -> None:
    """Refuse a period that no calendar of a town holds."""
    if first is not None and last - first > LONGEST:
        raise Invalid({field: ["La période dépasse cent ans."]})
