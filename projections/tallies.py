"""What is counted while facts are read: differences to add to the roll-ups, one dictionary a table."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

BUCKET_WIDTH: Final = math.log(1.02)
DIMENSIONS: Final = ("all", "procedure", "service", "agent", "channel")
Key = tuple[str, ...]


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
    """Differences gathered over one page of facts."""

    def __init__(self) -> None:
        self.open: Counter[Key] = Counter()
        self.daily: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self.buckets: Counter[tuple[str, str, str, str, int]] = Counter()

    def place(self, service: str, procedure: str, status: str, agent: str | None, step: int) -> None:
        """One more, or one less, open demand of this kind."""
        self.open[service, procedure, status, agent or ""] += step

    def count(self, day: date, keys: dict[str, str | None], **amounts: int) -> None:
        """Add amounts to a day, under one key of each dimension given."""
        name = day.isoformat()
        for dimension, key in keys.items():
            self.daily[dimension, name, key or ""].update(amounts)

    def delay(self, day: date, keys: dict[str, str | None], measure: str, microseconds: int) -> None:
        """Add one delay to the histograms of a day, its month and its year."""
        bucket = bucket_of(microseconds)
        for period in grains_of(day.isoformat()):
            for dimension, key in keys.items():
                self.buckets[dimension, period, key or "", measure, bucket] += 1

    def open_changes(self) -> Iterator[tuple[Key, int]]:
        """The kinds of open demands whose number changed."""
        return ((key, n) for key, n in self.open.items() if n)
