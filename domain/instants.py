"""Instants as the stores keep them: whole microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (instant - EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware instant, in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def maybe_micros(moment: datetime | None) -> int | None:
    """Microseconds, or None."""
    return None if moment is None else micros(moment)


def maybe_instant(microseconds: int | None) -> datetime | None:
    """The instant, or None."""
    return None if microseconds is None else instant(microseconds)
