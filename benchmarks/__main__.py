"""``python -m benchmarks``: the quick form at 1,000 and 10,000 demands; ``--full`` at 10,000, 100,000 and a million."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.measures import Result, measures
from benchmarks.town import BenchTown

QUICK: Final = (1_000, 10_000)
FULL: Final = (10_000, 100_000, 1_000_000)
FLAT: Final = 1.2


def main() -> int:
    """Measure, print one table, write one JSON file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="sizes 10k, 100k and 1M")
    parser.add_argument("--sizes", type=int, nargs="+", help="other sizes")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"))
    chosen = parser.parse_args()
    results, manifests = [], {}
    for size in chosen.sizes or (FULL if chosen.full else QUICK):
        directory = Path(mkdtemp(prefix="suivi-bench-"))
        begun = perf_counter()
        town = BenchTown(directory, size)
        manifests[size] = town.manifest.hexdigest()
        print(f"{size} demands made in {perf_counter() - begun:.1f} s", file=sys.stderr)
        results += list(measures(town))
        town.close()
        rmtree(directory)
    judged = [_judge(result, results) for result in results]
    _print(judged)
    _write(chosen.output, judged, manifests)
    return 0


def _judge(result: Result, results: list[Result]) -> Result:
    """What must be flat is compared with the same measure at the smallest size."""
    if result.met is not None:
        return result
    first = next(other for other in results if other.measure == result.measure)
    growth = result.pairs.ours_s / first.pairs.ours_s
    if first is result:
        return result
    return msgspec.structs.replace(result, bar=f"≤ {FLAT} × at {first.size} ({growth:.2f})", met=growth <= FLAT)


def _print(results: list[Result]) -> None:
    table = Table("measure", "size", "ours", "reference", "ratio (quartiles)", "target", "met?")
    for result in results:
        pairs = result.pairs
        ratio = f"{pairs.ratio:.2f} ({pairs.low:.2f}-{pairs.high:.2f})"
        met = {True: "yes", False: "NO", None: "–"}[result.met]
        figures = (f"{pairs.ours_s * 1e3:.3f} ms", f"{pairs.reference_s * 1e3:.3f} ms")
        table.add_row(result.measure, str(result.size), *figures, ratio, result.bar, met)
    table.add_row("django-helpdesk, CRUD app", "–", "–", "–", "–", "peers", "not run")
    Console(width=140).print(table)
    loading = [sys.executable, "-c", "import time;t=time.perf_counter();import web.app;print(time.perf_counter()-t)"]
    taken = float(subprocess.run(loading, capture_output=True, text=True, check=True).stdout)
    Console().print(f"import of the application: {taken:.2f} s (bar 0.5 s: {'met' if taken <= 0.5 else 'NOT met'})")


def _write(path: Path, results: list[Result], manifests: dict[int, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"manifests": manifests, "results": msgspec.to_builtins(results)}
    path.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    sys.exit(main())
