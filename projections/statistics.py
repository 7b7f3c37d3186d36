"""The figures: volumes, backlog, delays net of waiting, shares within the delay; from roll-ups, never from lists."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, func, select

from projections.periods import PERIODS, grains, split
from projections.tables import daily_counts, delay_buckets
from projections.tallies import middle_of

DIMENSIONS: Final = ("procedure", "service", "agent", "channel")
BY: Final = (*DIMENSIONS, *PERIODS)
_AMOUNTS: Final = tuple(c.name for c in daily_counts.columns if c.name not in ("dimension", "day", "key", "opened"))
_sums: Final = (
    select(
        daily_counts.c.key,
        *(func.sum(daily_counts.c[name]).label(name) for name in _AMOUNTS),
    )
    .where(
        daily_counts.c.dimension == bindparam("dimension"),
        daily_counts.c.day.between(bindparam("first"), bindparam("last")),
    )
    .group_by(daily_counts.c.key)
)
_backlog: Final = (
    select(daily_counts.c.key, func.sum(daily_counts.c.opened))
    .where(daily_counts.c.dimension == bindparam("dimension"), daily_counts.c.day <= bindparam("last"))
    .group_by(daily_counts.c.key)
)
_days: Final = (
    select(daily_counts)
    .where(daily_counts.c.dimension == "all", daily_counts.c.day <= bindparam("last"))
    .order_by(daily_counts.c.day)
)
_histogram: Final = (
    select(delay_buckets.c.key, delay_buckets.c.measure, delay_buckets.c.bucket, func.sum(delay_buckets.c.n))
    .where(
        delay_buckets.c.dimension == bindparam("dimension"),
        delay_buckets.c.period.in_(bindparam("periods", expanding=True)),
    )
    .group_by(delay_buckets.c.key, delay_buckets.c.measure, delay_buckets.c.bucket)
)
_by_period: Final = select(
    delay_buckets.c.period, delay_buckets.c.measure, delay_buckets.c.bucket, delay_buckets.c.n
).where(delay_buckets.c.dimension == "all", delay_buckets.c.period.in_(bindparam("periods", expanding=True)))
_first: Final = select(func.min(daily_counts.c.day)).where(daily_counts.c.dimension == "all")


class Delay(msgspec.Struct, frozen=True):
    """A delay in seconds: how many, median and 90th percentile (nearest rank, within 1 %), exact mean."""

    count: int
    median_s: float | None
    p90_s: float | None
    mean_s: float | None


class Figure(msgspec.Struct, frozen=True):
    """The figures of one period and one key; ``open`` is the backlog at the end of the period."""

    received: int
    taken: int
    closed: int
    deleted: int
    open: int
    reminders: int
    in_time: dict[str, int]
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


Histogram = Mapping[int, int]


class Statistics:
    """Answers how much and how fast."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def figures(self, first: date | None, last: date | None, by: str | None, today: date) -> Figures:
        """Figures over a range; without dates from the day of the first fact to ``today``."""
        with self._engine.connect() as connection:
            beginning = connection.scalar(_first)
            end = last or today
            start = first or (date.fromisoformat(beginning) if beginning else end)
            totals = dict(_by_key(connection, "all", start, end)).get("", _figure({}, 0, {}, {}))
            rows = self._rows(connection, start, end, by)
        filled = [(key or None, figure) for key, figure in rows if not figure.empty]
        return Figures(start, end, by, totals, sorted(filled, key=lambda row: (row[0] is not None, row[0] or "")))

    def _rows(self, connection: Connection, start: date, end: date, by: str | None) -> Iterable[tuple[str, Figure]]:
        if by in DIMENSIONS:
            return _by_key(connection, str(by), start, end)
        return _by_time(connection, start, end, by) if by in PERIODS else []


def _by_key(connection: Connection, dimension: str, start: date, end: date) -> list[tuple[str, Figure]]:
    parameters = {"dimension": dimension, "first": start.isoformat(), "last": end.isoformat()}
    sums = {row.key: row for row in connection.execute(_sums, parameters)}
    backlog: dict[str, int] = {row[0]: row[1] for row in connection.execute(_backlog, parameters)}
    buckets: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    periods = list(grains(start, end))
    for key, measure, bucket, n in connection.execute(_histogram, {"dimension": dimension, "periods": periods}):
        buckets[key, measure][bucket] += n
    return [
        (key, _figure(_amounts(sums.get(key)), backlog.get(key, 0), buckets[key, "take"], buckets[key, "close"]))
        for key in backlog.keys() | sums.keys()
    ]


def _by_time(connection: Connection, start: date, end: date, period: str | None) -> list[tuple[str, Figure]]:
    parts = list(split(start, end, str(period)))
    of_grain = {name: key for key, first, last in parts for name in grains(first, last)}
    buckets: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for name, measure, bucket, n in connection.execute(_by_period, {"periods": list(of_grain)}):
        buckets[of_grain[name], measure][bucket] += n
    days = connection.execute(_days, {"last": end.isoformat()}).all()
    figures, backlog, at = [], 0, 0
    for key, first, last in parts:
        amounts: Counter[str] = Counter()
        while at < len(days) and days[at].day <= last.isoformat():
            backlog += days[at].opened
            if days[at].day >= first.isoformat():
                amounts.update(_amounts(days[at]))
            at += 1
        figures.append((key, _figure(amounts, backlog, buckets[key, "take"], buckets[key, "close"])))
    return figures


def _amounts(row: Row[Any] | None) -> dict[str, int]:
    return {} if row is None else {name: int(getattr(row, name)) for name in _AMOUNTS}


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
        to_take=_delay(taken, amounts.get("take_us", 0), take),
        to_close=_delay(closed, amounts.get("close_us", 0), close),
    )


def _delay(count: int, total_us: int, buckets: Histogram) -> Delay:
    if count == 0:
        return Delay(0, None, None, None)
    return Delay(count, _percentile(buckets, 50), _percentile(buckets, 90), total_us / count / 1e6)


def _percentile(buckets: Histogram, percent: int) -> float | None:
    """The nearest rank: the smallest delay that at least this share of the delays does not exceed."""
    rank, seen = -(-sum(buckets.values()) * percent // 100), 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            return middle_of(bucket)
    return None
