"""Histograms of delays, put together from years, months and days, and the delays that stand at a share of them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate, chain
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, func, literal_column, select

from projections.tables import delay_buckets
from projections.tallies import middle_of

Histogram = list[int]
"""Marks: a bucket in the thousands of millions, and how many delays fall in it below; a bucket may come again."""
Place = tuple[str, str, str]
"""A period's name, a key and a measure."""
_WIDTH: Final = 10**9
_mark: Final = cast(delay_buckets.c.bucket, BigInteger) * literal_column(str(_WIDTH)) + delay_buckets.c.n
_chosen: Final = (
    select(
        delay_buckets.c.period,
        delay_buckets.c.key,
        delay_buckets.c.measure,
        func.aggregate_strings(cast(_mark, Text), ",").label("marks"),
    )
    .where(
        delay_buckets.c.dimension == bindparam("dimension"),
        delay_buckets.c.period.in_(bindparam("periods", expanding=True)),
    )
    .group_by(delay_buckets.c.period, delay_buckets.c.key, delay_buckets.c.measure)
)
"""One row a histogram: a row a bucket would cost more to carry than to read."""
_chosen_of_key: Final = _chosen.where(delay_buckets.c.key == bindparam("key"))
_whole_numbers: Final = msgspec.json.Decoder(list[int]).decode


def gathered(
    connection: Connection, dimension: str, names: Mapping[str, str], key: str | None = None
) -> defaultdict[Place, Histogram]:
    """The histograms of some grains, of all keys or of one, put together under the names given to them.

    Empty where there is none.
    """
    found: defaultdict[Place, Histogram] = defaultdict(list)
    asked = {"dimension": dimension, "periods": list(names)} | ({} if key is None else {"key": key})
    for grain, owner, measure, marks in connection.execute(_chosen if key is None else _chosen_of_key, asked):
        found[names[grain], owner, measure] += _whole_numbers(f"[{marks}]")
    return found


def of_measure(histograms: Mapping[Place, Histogram], measure: str) -> Histogram:
    """One measure of all periods and keys together."""
    return list(chain.from_iterable(marks for place, marks in histograms.items() if place[2] == measure))


def percentiles(histogram: Histogram, percents: Iterable[int]) -> list[float | None]:
    """The nearest ranks, in seconds: the smallest delays that at least these shares of the delays do not exceed."""
    if not histogram:
        return [None for _ in percents]
    marks = sorted(histogram)
    seen = list(accumulate([mark % _WIDTH for mark in marks]))
    ranks = (-(-seen[-1] * percent // 100) for percent in percents)
    return [middle_of(marks[bisect_left(seen, rank)] // _WIDTH) for rank in ranks]
