"""The figures: volumes, backlog, delays net of waiting, shares within the delay; from roll-ups, never from lists."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, Text, bindparam, cast, func, literal_column, select

from domain.errors import Invalid
from projections.periods import PERIODS, grains, key_of, split
from projections.tables import daily_counts, delay_buckets
from projections.tallies import middle_of

DIMENSIONS: Final = ("procedure", "service", "agent", "channel")
BY: Final = (*DIMENSIONS, *PERIODS)
_AMOUNTS: Final = tuple(c.name for c in daily_counts.columns if c.name not in ("dimension", "day", "key", "opened"))
_amounts_summed: Final = tuple(func.sum(daily_counts.c[name]).label(name) for name in _AMOUNTS)
_of_dimension: Final = daily_counts.c.dimension == bindparam("dimension")
_sums: Final = (
    select(daily_counts.c.key, *_amounts_summed)
    .where(_of_dimension, daily_counts.c.day.between(bindparam("first"), bindparam("last")))
    .group_by(daily_counts.c.key)
)
_backlog: Final = (
    select(daily_counts.c.key, func.sum(daily_counts.c.opened))
    .where(_of_dimension, daily_counts.c.day <= bindparam("last"))
    .group_by(daily_counts.c.key)
)
_before: Final = select(func.coalesce(func.sum(daily_counts.c.opened), 0)).where(
    daily_counts.c.dimension == "all", daily_counts.c.day < bindparam("first")
)


def _in_periods(length: int) -> Select[Any]:
    """The days of a range, summed by the first characters of their names: 10 a day, 7 a month, 4 a year."""
    period = func.substr(daily_counts.c.day, 1, literal_column(str(length))).label("period")
    days = daily_counts.c.day.between(bindparam("first"), bindparam("last"))
    chosen = select(period, func.sum(daily_counts.c.opened).label("opened"), *_amounts_summed)
    return chosen.where(daily_counts.c.dimension == "all", days).group_by(period)


_by_period: Final = {"day": _in_periods(10), "week": _in_periods(10), "month": _in_periods(7), "year": _in_periods(4)}
_histograms: Final = (
    select(
        delay_buckets.c.period,
        delay_buckets.c.key,
        delay_buckets.c.measure,
        func.aggregate_strings(cast(delay_buckets.c.bucket, Text), ",").label("buckets"),
        func.aggregate_strings(cast(delay_buckets.c.n, Text), ",").label("numbers"),
    )
    .where(
        delay_buckets.c.dimension == bindparam("dimension"),
        delay_buckets.c.period.in_(bindparam("periods", expanding=True)),
    )
    .group_by(delay_buckets.c.period, delay_buckets.c.key, delay_buckets.c.measure)
)
"""One row a histogram: a row a bucket would cost more to carry than to read."""
_first: Final = select(func.min(daily_counts.c.day)).where(daily_counts.c.dimension == "all")
_whole_numbers: Final = msgspec.json.Decoder(list[int]).decode
MOST_PERIODS: Final = 4_000
"""About eleven years of days; longer ranges are asked for by week, month or year."""


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
_TOO_MANY: Final = f"Plus de {MOST_PERIODS} lignes : raccourcissez la période, ou demandez-la par mois ou par année."


class Statistics:
    """Answers how much and how fast."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def figures(self, first: date | None, last: date | None, by: str | None, today: date) -> Figures:
        """Figures over a range; without dates from the day of the first fact to ``today``.

        Raises Invalid for more periods than ``MOST_PERIODS``.
        """
        with self._engine.connect() as connection:
            end = last or today
            start = first or _beginning(connection) or end
            if by in PERIODS:
                totals, rows = _by_time(connection, start, end, str(by))
            else:
                totals = dict(_by_key(connection, "all", start, end)).get("", _figure({}, 0, {}, {}))
                rows = _by_key(connection, str(by), start, end) if by in DIMENSIONS else []
        filled = [(key or None, figure) for key, figure in rows if not figure.empty]
        return Figures(start, end, by, totals, sorted(filled, key=lambda row: (row[0] is not None, row[0] or "")))


def _beginning(connection: Connection) -> date | None:
    first = connection.scalar(_first)
    return date.fromisoformat(first) if first else None


def _by_key(connection: Connection, dimension: str, start: date, end: date) -> list[tuple[str, Figure]]:
    parameters = {"dimension": dimension, "first": start.isoformat(), "last": end.isoformat()}
    sums = {row.key: row for row in connection.execute(_sums, parameters)}
    backlog: dict[str, int] = {row[0]: row[1] for row in connection.execute(_backlog, parameters)}
    buckets = _added(connection, dimension, dict.fromkeys(grains(start, end), ""))
    return [
        (
            key,
            _figure(
                _amounts(sums.get(key)),
                backlog.get(key, 0),
                buckets.get(("", key, "take"), {}),
                buckets.get(("", key, "close"), {}),
            ),
        )
        for key in backlog.keys() | sums.keys()
    ]


def _by_time(connection: Connection, start: date, end: date, period: str) -> tuple[Figure, list[tuple[str, Figure]]]:
    """The totals, and a row for each period; the totals' delays are those of all periods together."""
    parts = list(islice(split(start, end, period), MOST_PERIODS + 1))
    if len(parts) > MOST_PERIODS:
        raise Invalid({"by": [_TOO_MANY]})
    range_ = {"first": start.isoformat(), "last": end.isoformat()}
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(_by_period[period], range_):
        key = key_of(date.fromisoformat(row.period), period) if period == "week" else row.period
        sums[key].update(_amounts(row), opened=int(row.opened))
    of_grain = {name: key for key, first, last in parts for name in grains(first, last)}
    buckets = _added(connection, "all", of_grain)
    backlog = int(connection.scalar(_before, range_) or 0)
    figures = []
    for key, _, _ in parts:
        backlog += sums[key]["opened"]
        take, close = buckets.get((key, "", "take"), {}), buckets.get((key, "", "close"), {})
        figures.append((key, _figure(sums[key], backlog, take, close)))
    everything = _merged(buckets)
    totals = sum(sums.values(), Counter[str]()) if sums else Counter[str]()
    return _figure(totals, backlog, everything["take"], everything["close"]), figures


def _added(
    connection: Connection, dimension: str, names: Mapping[str, str]
) -> dict[tuple[str, str, str], dict[int, int]]:
    """The histograms of some grains, added up under the names given to them: (name, key, measure)."""
    found: dict[tuple[str, str, str], dict[int, int]] = {}
    for grain, key, measure, buckets, numbers in connection.execute(
        _histograms, {"dimension": dimension, "periods": list(names)}
    ):
        read = dict(zip(_whole_numbers(f"[{buckets}]"), _whole_numbers(f"[{numbers}]"), strict=True))
        place = (names[grain], key, measure)
        found[place] = _plus(found[place], read) if place in found else read
    return found


def _merged(buckets: Mapping[tuple[str, str, str], Histogram]) -> dict[str, Histogram]:
    everything: dict[str, Histogram] = {"take": {}, "close": {}}
    for (_, _, measure), histogram in buckets.items():
        everything[measure] = _plus(everything[measure], histogram)
    return everything


def _plus(one: Histogram, other: Histogram) -> dict[int, int]:
    together = dict(one)
    for bucket, n in other.items():
        together[bucket] = together.get(bucket, 0) + n
    return together


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
