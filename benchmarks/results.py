"""What was measured: each line with its target, compared and never asserted; one table and one JSON file."""

import json
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.timing import Pairs

FLAT: Final = 1.2
_MILLISECOND: Final = 1e-3
_MET: Final = {True: "yes", False: "NO", None: "–"}


class Result(msgspec.Struct, frozen=True):
    """One line of the table; ``ratio`` is ours / reference in time, ``met`` None where nothing is compared."""

    measure: str
    size: int
    pairs: Pairs | None
    target: str
    met: bool | None = None
    reference: str = ""
    grows_from: int | None = None
    unit: str = "s"


def at_most(
    measure: str, size: int, pairs: Pairs, limit: float, reference: str, seconds: float | None = None
) -> Result:
    """Ours may take so many times what the reference takes, and so many seconds at most where that is promised."""
    target = f"≤ {limit:g} × {reference}"
    met = pairs.ratio <= limit
    if seconds is not None:
        target, met = f"{target}, ≤ {seconds * 1e3:g} ms", met and pairs.ours_s <= seconds
    return Result(measure, size, pairs, target, met, reference)


def at_least(measure: str, size: int, pairs: Pairs, share: float, reference: str) -> Result:
    """Ours must do so many times as much as the reference in the same time."""
    return Result(measure, size, pairs, f"≥ {share:g} × {reference}", pairs.ratio <= 1 / share, reference)


def within(
    measure: str, size: int, pairs: Pairs, seconds: float | None, reference: str, grows_from: int | None = None
) -> Result:
    """Ours may take so many seconds; ``grows_from`` is the size with which larger ones are compared."""
    if seconds is None:
        return Result(measure, size, pairs, "flat", None, reference, grows_from)
    return Result(measure, size, pairs, f"≤ {seconds * 1e3:g} ms", pairs.ours_s <= seconds, reference, grows_from)


def not_run(measure: str, size: int, target: str, why: str) -> Result:
    """A measure that cannot run here, and why."""
    return Result(measure, size, None, target, None, f"not run: {why}")


def growth(results: list[Result]) -> list[Result]:
    """What must not grow with the town: each size against the size it names, or the smallest that was measured.

    The ratios to the reference are compared, not the times: minutes pass between two sizes, the machine changes pace.
    """
    found = []
    for result in results:
        if result.grows_from is None or result.pairs is None:
            continue
        smaller = {
            other.size: other.pairs
            for other in results
            if other.measure == result.measure and other.pairs and other.size < result.size
        }
        if not smaller:
            continue
        size = result.grows_from if result.grows_from in smaller else min(smaller)
        grown = result.pairs.ratio / smaller[size].ratio
        pairs = replace(Pairs.of_two(result.pairs.ours_s, smaller[size].ours_s), ratio=grown, low=grown, high=grown)
        name, base = f"{result.measure}: growth", f"at {size}"
        found.append(Result(name, result.size, pairs, f"≤ {FLAT} × {base}", pairs.ratio <= FLAT, base))
    return found


def show(results: list[Result]) -> None:
    """The table."""
    table = Table("measure", "size", "ours", "reference", "ratio (quartiles)", "CPU ratio", "target", "met?")
    for result in results:
        pairs = result.pairs
        if pairs is None:
            table.add_row(result.measure, str(result.size), "–", result.reference, "–", "–", result.target, "not run")
            continue
        ratio = f"{pairs.ratio:.2f} ({pairs.low:.2f}-{pairs.high:.2f})"
        figures = (_figure(pairs.ours_s, result.unit), f"{_figure(pairs.reference_s, result.unit)} {result.reference}")
        cpu = f"{pairs.cpu_ratio:.2f}" if pairs.cpu_ratio else "–"
        table.add_row(result.measure, str(result.size), *figures, ratio, cpu, result.target, _MET[result.met])
    Console(width=170).print(table)


def write(path: Path, results: list[Result], about: dict[str, object]) -> None:
    """The same for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about | {"results": msgspec.to_builtins(results)}, indent=1, ensure_ascii=False))


def _figure(amount: float, unit: str) -> str:
    if unit != "s":
        return f"{amount:.0f} {unit}"
    if amount < _MILLISECOND:
        return f"{amount * 1e6:.0f} µs"
    return f"{amount * 1e3:.2f} ms" if amount < 1 else f"{amount:.2f} s"
