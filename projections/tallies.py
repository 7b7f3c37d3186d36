"""What is counted while facts are read: differences to add to the roll-ups, one dictionary a table."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

BUCKET_WIDTH: Final = math.log(1.02)
DIMENSIONS: Final = ("all", "procedure", "service", "agent", "channel")
RECEIVED, TAKEN, CLOSED, DELETED, OPENED, REMINDERS = range(6)
TAKEN_IN_TIME, CLOSED_IN_TIME, TAKEN_WITH_DELAY, CLOSED_WITH_DELAY, TAKE_US, CLOSE_US = range(6, 12)
"""The amounts of a day, in the order of the columns of ``daily_counts``."""
AMOUNTS: Final = 12
Where = tuple[str, str | None, str | None, str | None, str | None]
"""A day, and the procedure, service, channel and agent it counts for; without a procedure for the agent alone."""


def bucket_of(microseconds: int) -> int:
    """The bucket of a delay: 2 % wide, so that its middle is within 1 % of every delay in it; -1 for none at all."""
    return round(math.log(microseconds) / BUCKET_WIDTH) if microseconds > 0 else -1


def middle_of(bucket: int) -> float:
    """The delay in seconds that stands for a bucket."""
    return math.exp(bucket * BUCKET_WIDTH) / 1e6 if bucket >= 0 else 0.0


def grains_of(day: str) -> tuple[str, str, str]:
    """The day, its month and its year, as the histograms name them."""
    return day, day[:7], day[:4]


class Tallies:
    """Differences gathered over some facts, spread over the dimensions only when they are written."""

    def __init__(self) -> None:
        self.open: defaultdict[tuple[str, str, str, str | None], int] = defaultdict(int)
        self.days: defaultdict[Where, list[int]] = defaultdict(lambda: [0] * AMOUNTS)
        self._delays: defaultdict[tuple[Where, str, int], int] = defaultdict(int)

    def __len__(self) -> int:
        return len(self.days) + len(self._delays)

    def delay(self, where: Where, measure: str, microseconds: int) -> None:
        """Add one delay to the histograms of a day, its month and its year."""
        self._delays[where, measure, bucket_of(microseconds)] += 1

    def open_changes(self) -> Iterator[tuple[str, str, str, str, int]]:
        """The kinds of open demands whose number changed: service, procedure, status, agent, difference."""
        for (service, procedure, status, agent), n in self.open.items():
            if n:
                yield service, procedure, status, agent or "", n

    def daily(self) -> Iterator[tuple[str | int, ...]]:
        """What to add to each day and its month under each key: dimension, day or month, key, amounts."""
        sums: dict[tuple[str, str, str], list[int]] = {}
        for where, amounts in self.days.items():
            for period in (where[0], where[0][:7]):
                for dimension, key in _keys(where):
                    place = (dimension, period, key)
                    known = sums.get(place)
                    sums[place] = amounts if known is None else [a + b for a, b in zip(known, amounts, strict=True)]
        for place, found in sums.items():
            yield (*place, *found)

    def buckets(self) -> Iterator[tuple[str, str, str, str, int, int]]:
        """What to add to each histogram: dimension, period, key, measure, bucket, number."""
        sums: Counter[tuple[str, str, str, str, int]] = Counter()
        for (where, measure, bucket), n in self._delays.items():
            for period in grains_of(where[0]):
                for dimension, key in _keys(where):
                    sums[dimension, period, key, measure, bucket] += n
        for place, n in sums.items():
            yield (*place, n)


def _keys(where: Where) -> Iterator[tuple[str, str]]:
    _, procedure, service, channel, agent = where
    yield "agent", agent or ""
    if procedure is not None:
        yield "all", ""
        yield "procedure", procedure
        yield "service", service or ""
        yield "channel", channel or ""
