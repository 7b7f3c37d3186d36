"""How commands write: JSON documents as the API does, tables that line up, instants and durations to read."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final
from uuid import UUID

import msgspec

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def json_text(body: Any) -> str:
    """One JSON document; instants in ISO 8601 with their offset."""
    return json.dumps(body, default=_plain, ensure_ascii=False, indent=2)


def json_line(body: Any) -> str:
    """One JSON document on a single line."""
    return json.dumps(body, default=_plain, ensure_ascii=False, separators=(",", ":"))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """Lines of columns that line up: the first ``left`` columns to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for line in (headings, ["─" * width for width in widths], *rows):
        cells = (
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def duration(seconds: float | None) -> str:
    """A delay as one says it: « 12 min », « 3 h 05 », « 4 j 2 h »."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{round(whole / _MINUTE)} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d}"
    days, hours = whole // _DAY, whole % _DAY // _HOUR
    return f"{days} j {hours} h" if hours else f"{days} j"


def moment(instant: datetime, zone: tzinfo) -> str:
    """An instant as the town's clock shows it, 24/11/2026 14:03:05."""
    return f"{instant.astimezone(zone):%d/%m/%Y %H:%M:%S}"


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case msgspec.Struct():
            return msgspec.structs.asdict(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
