"""Alternating pairs: ours and the reference take turns, so that a noisy machine disturbs both alike."""

import gc
import statistics
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Final

import msgspec

PAIRS: Final = 9
Work = Callable[[], object]


class Pairs(msgspec.Struct, frozen=True):
    """Medians in seconds, and the median of the ratios ours / reference with its quartiles; CPU seconds beside."""

    ours_s: float
    reference_s: float
    ratio: float
    low: float
    high: float
    ours_cpu_s: float
    reference_cpu_s: float


def seconds(work: Work, repeat: int) -> tuple[float, float]:
    """Wall and CPU seconds of one call, averaged over some calls."""
    wall, cpu = perf_counter(), process_time()
    for _ in range(repeat):
        work()
    return (perf_counter() - wall) / repeat, (process_time() - cpu) / repeat


def in_pairs(ours: Work, reference: Work, repeat: int, pairs: int = PAIRS) -> Pairs:
    """Time both in turn, after one call of each that is not counted."""
    ours(), reference()
    gc.collect()
    timed = [(seconds(ours, repeat), seconds(reference, repeat)) for _ in range(pairs)]
    ratios = [mine[0] / theirs[0] for mine, theirs in timed]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Pairs(
        statistics.median(mine[0] for mine, _ in timed),
        statistics.median(theirs[0] for _, theirs in timed),
        middle,
        low,
        high,
        statistics.median(mine[1] for mine, _ in timed),
        statistics.median(theirs[1] for _, theirs in timed),
    )
