"""The figures: volumes, backlog, delays net of waiting, shares within the delay; from roll-ups, never from lists."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, bindparam, func, literal_column, select

from domain.errors import Refused
from projections.histograms import Histogram, gathered, of_measure, percentiles
from projections.periods import PERIODS, grains, split
from projections.tables import daily_counts

DIMENSIONS: Final = ("procedure", "service", "agent", "channel")
BY: Final = (*DIMENSIONS, *PERIODS)
_AMOUNTS: Final = tuple(c.name for c in daily_counts.columns if c.name not in ("dimension", "day", "key"))
_grains: Final = (
    daily_counts.c.dimension == bindparam("dimension"),
    daily_counts.c.day.in_(bindparam("grains", expanding=True)),
)
_sums: Final = (
    select(daily_counts.c.key, *(func.sum(daily_counts.c[name]).label(name) for name in _AMOUNTS))
    .where(*_grains)
    .group_by(daily_counts.c.key)
)
_opened: Final = (
    select(daily_counts.c.key, func.sum(daily_counts.c.opened)).where(*_grains).group_by(daily_counts.c.key)
)
_of_key: Final = (*_grains, daily_counts.c.key == bindparam("key"))
_opened_of_key: Final = select(func.sum(daily_counts.c.opened)).where(*_of_key)
_of_grains: Final = select(daily_counts.c.day, *(daily_counts.c[name] for name in _AMOUNTS)).where(*_of_key)
_first: Final = (
    select(daily_counts.c.day)
    .where(daily_counts.c.dimension == "all", func.length(daily_counts.c.day) == literal_column("10"))
    .order_by(daily_counts.c.day)
    .limit(1)
)
MOST_PERIODS: Final = 4_000
"""About eleven years of days; longer ranges are asked for by week, month or year."""


class Delay(msgspec.Struct, frozen=True):
    """A delay in seconds: how many, median and 90th percentile (nearest rank, within 1 %), exact mean."""

    count: int
    median_s: float | None
    p90_s: float | None
    mean_s: float | None


class Figure(msgspec.Struct, frozen=True):
    """The figures of one period and one key; ``open`` is the backlog at the end of the period.

    ``in_time`` is a part of ``with_delay``: how many had a due date when they were taken, when they were closed.
    """

    received: int
    taken: int
    closed: int
    deleted: int
    open: int
    reminders: int
    in_time: dict[str, int]
    with_delay: dict[str, int]
    to_take: Delay
    to_close: Delay

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any((self.received, self.taken, self.closed, self.deleted, self.open, self.reminders))


class Figures(msgspec.Struct, frozen=True):
    """Totals over a range of local days, both included, and rows sorted by key; a key None is « nobody »."""

    first: date
    last: date
    by: str | None
    totals: Figure
    rows: list[tuple[str | None, Figure]]

    def as_json(self) -> dict[str, Any]:
        """The document that ``suivi statistics --json`` and the API give."""
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "by": self.by,
            "totals": msgspec.to_builtins(self.totals),
            "rows": [{"key": key, **msgspec.to_builtins(figure)} for key, figure in self.rows],
        }


Place = tuple[str, str]
"""A dimension and one of its keys: a procedure, a service, an agent or a channel."""
TOWN: Final[Place] = ("all", "")


class Unanswered(Refused):
    """Roll-ups do not tell this; ``code`` says why: ``crossed``, ``periods`` (too many) or ``reversed`` (days)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no figures: {code}")
        self.code = code


class Statistics:
    """Answers how much and how fast."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def first_day(self) -> date | None:
        """The day of the first fact."""
        with self._engine.connect() as connection:
            return _beginning(connection)

    def figures(self, first: date | None, last: date | None, by: str | None, today: date, of: Place = TOWN) -> Figures:
        """Figures over a range, of the town or of one key; without dates from the day of the first fact to ``today``.

        Raises Unanswered for more periods than ``MOST_PERIODS``, for days in the wrong order, and for a key by a
        dimension: roll-ups are not crossed.
        """
        if of != TOWN and by in DIMENSIONS:
            raise Unanswered("crossed")
        with self._engine.connect() as connection:
            beginning, end = _beginning(connection), last or today
            start = first or min(beginning or end, end)
            if start > end:
                raise Unanswered("reversed")
            if by in PERIODS or of != TOWN:
                totals, rows = _by_time(connection, beginning, (start, end), by or "year", of)
                rows = rows if by else []
            else:
                totals = dict(_by_key(connection, "all", beginning, (start, end))).get("", _figure({}, 0, [], []))
                rows = _by_key(connection, str(by), beginning, (start, end)) if by in DIMENSIONS else []
        filled = [(key or None, figure) for key, figure in rows if not figure.empty]
        return Figures(start, end, by, totals, sorted(filled, key=lambda row: (row[0] is not None, row[0] or "")))


def _beginning(connection: Connection) -> date | None:
    first = connection.scalar(_first)
    return date.fromisoformat(first) if first else None


def _backlog(connection: Connection, dimension: str, beginning: date | None, end: date) -> dict[str, int]:
    """How many demands of each key were open at the end of a day."""
    if beginning is None or end < beginning:
        return {}
    asked = {"dimension": dimension, "grains": list(grains(beginning, end, years=False))}
    return {key: int(opened) for key, opened in connection.execute(_opened, asked)}


def _backlog_of(connection: Connection, of: Place, beginning: date | None, end: date) -> int:
    if beginning is None or end < beginning:
        return 0
    asked = {"dimension": of[0], "key": of[1], "grains": list(grains(beginning, end, years=False))}
    return int(connection.scalar(_opened_of_key, asked) or 0)


def _by_key(
    connection: Connection, dimension: str, beginning: date | None, days: tuple[date, date]
) -> list[tuple[str, Figure]]:
    asked = {"dimension": dimension, "grains": list(grains(*days, years=False))}
    sums = {key: _amounts(amounts) for key, *amounts in connection.execute(_sums, asked)}
    backlog = _backlog(connection, dimension, beginning, days[1])
    delays = gathered(connection, dimension, dict.fromkeys(grains(*days), ""))
    return [
        (
            key,
            _figure(
                sums.get(key, {}),
                backlog.get(key, 0),
                delays["", key, "take"],
                delays["", key, "close"],
            ),
        )
        for key in backlog.keys() | sums.keys()
    ]


def _by_time(
    connection: Connection, beginning: date | None, days: tuple[date, date], period: str, of: Place
) -> tuple[Figure, list[tuple[str, Figure]]]:
    """The totals, and a row for each period; the totals' delays are those of all periods together."""
    parts = list(islice(split(*days, period), MOST_PERIODS + 1))
    if len(parts) > MOST_PERIODS:
        raise Unanswered("periods")
    sums = _sums_of(connection, {name: key for key, *part in parts for name in grains(*part, years=False)}, of)
    delays = gathered(connection, of[0], {name: key for key, *part in parts for name in grains(*part)}, of[1])
    backlog = _backlog_of(connection, of, beginning, days[0] - timedelta(1))
    figures = []
    for key, _, _ in parts:
        backlog += sums[key]["opened"]
        figures.append((key, _figure(sums[key], backlog, delays[key, of[1], "take"], delays[key, of[1], "close"])))
    totals = sum(sums.values(), Counter[str]()) if sums else Counter[str]()
    return _figure(totals, backlog, of_measure(delays, "take"), of_measure(delays, "close")), figures


def _sums_of(connection: Connection, names: Mapping[str, str], of: Place) -> defaultdict[str, Counter[str]]:
    """The amounts of some days and months, under the names given to them."""
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    asked = {"dimension": of[0], "key": of[1], "grains": list(names)}
    for grain, *amounts in connection.execute(_of_grains, asked):
        sums[names[grain]].update(_amounts(amounts))
    return sums


def _amounts(row: Sequence[Any]) -> dict[str, int]:
    return dict(zip(_AMOUNTS, map(int, row), strict=True))


def _figure(amounts: Mapping[str, int], backlog: int, take: Histogram, close: Histogram) -> Figure:
    taken, closed = amounts.get("taken", 0), amounts.get("closed", 0)
    return Figure(
        received=amounts.get("received", 0),
        taken=taken,
        closed=closed,
        deleted=amounts.get("deleted", 0),
        open=int(backlog),
        reminders=amounts.get("reminders", 0),
        in_time={"taken": amounts.get("taken_in_time", 0), "closed": amounts.get("closed_in_time", 0)},
        with_delay={"taken": amounts.get("taken_with_delay", 0), "closed": amounts.get("closed_with_delay", 0)},
        to_take=_delay(taken, amounts.get("take_us", 0), take),
        to_close=_delay(closed, amounts.get("close_us", 0), close),
    )


def _delay(count: int, total_us: int, buckets: Histogram) -> Delay:
    if count == 0:
        return Delay(0, None, None, None)
    median, p90 = percentiles(buckets, (50, 90))
    return Delay(count, median, p90, total_us / count / 1e6)
