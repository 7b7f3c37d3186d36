"""Alternating pairs: ours and the reference take turns, so that a noisy machine disturbs both alike."""

import gc
import statistics
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Final, Self

import msgspec

PAIRS: Final = 7
Work = Callable[[], object]
Cpu = Callable[[], float]


class Pairs(msgspec.Struct, frozen=True):
    """Medians in seconds, and the median of the ratios ours / reference with its quartiles; CPU seconds beside."""

    ours_s: float
    reference_s: float
    ratio: float
    low: float
    high: float
    ours_cpu_s: float
    reference_cpu_s: float

    @property
    def cpu_ratio(self) -> float:
        """Ours / reference in CPU seconds; 0.0 where the clock is too coarse for the reference."""
        return self.ours_cpu_s / self.reference_cpu_s if self.reference_cpu_s else 0.0

    @classmethod
    def of_two(cls, ours_s: float, reference_s: float) -> Self:
        """Two figures that were not taken in pairs."""
        ratio = ours_s / reference_s
        return cls(ours_s, reference_s, ratio, ratio, ratio, 0.0, 0.0)


def seconds(work: Work, repeat: int, cpu: Cpu = process_time) -> tuple[float, float]:
    """Wall and CPU seconds of one call, averaged over some calls."""
    wall, used = perf_counter(), cpu()
    for _ in range(repeat):
        work()
    return (perf_counter() - wall) / repeat, (cpu() - used) / repeat


def in_pairs(
    ours: Work,
    reference: Work,
    repeat: int,
    pairs: int = PAIRS,
    cpus: tuple[Cpu, Cpu] = (process_time, process_time),
) -> Pairs:
    """Time both in turn, after one call of each that is not counted; ``cpus`` are the clocks of other processes."""
    ours(), reference()
    gc.collect()
    timed = [(seconds(ours, repeat, cpus[0]), seconds(reference, repeat, cpus[1])) for _ in range(pairs)]
    low, middle, high = statistics.quantiles([mine[0] / theirs[0] for mine, theirs in timed], n=4)
    ours_s, ours_cpu_s, reference_s, reference_cpu_s = (
        statistics.median(pair[side][clock] for pair in timed) for side in (0, 1) for clock in (0, 1)
    )
    return Pairs(ours_s, reference_s, middle, low, high, ours_cpu_s, reference_cpu_s)


def require_equal(what: str, ours: object, reference: object) -> None:
    """Contenders that do not do the same are not compared; raises RuntimeError."""
    if ours != reference:
        raise RuntimeError(f"{what}: ours gives {ours!r:.200}, the reference {reference!r:.200}")
