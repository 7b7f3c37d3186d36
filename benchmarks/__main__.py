"""``python -m benchmarks``: the quick form at 10,000 and 100,000 demands; ``--full`` at a million as well."""

import argparse
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from benchmarks import results
from benchmarks.bulk import bulk_closure
from benchmarks.commands import commands, replay
from benchmarks.helpdesk import helpdesk
from benchmarks.mixed import mixed
from benchmarks.over_http import over_http, probe
from benchmarks.plan import manifest
from benchmarks.queries import queries
from benchmarks.rebuilding import rebuilding
from benchmarks.results import Result
from benchmarks.servers import on_postgres
from benchmarks.sweeping import sweeping
from benchmarks.timing import Pairs
from benchmarks.town import BenchTown

QUICK: Final = (10_000, 100_000)
FULL: Final = (10_000, 100_000, 1_000_000)
NOISY: Final = 1.3
IMPORT_S: Final = 0.5
_IMPORT: Final = """
import time
from suivi.cli import loaded
begun = time.perf_counter()
loaded("web.app")
print(time.perf_counter() - begun)
"""
"""As the program itself imports it."""


def main() -> int:
    """Measure, print one table, write one JSON file; a target that is not met changes nothing of the exit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="10k, 100k and 1M, and the mixed load of 50 agents")
    parser.add_argument("--sizes", type=int, nargs="+", help="other sizes")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"))
    chosen = parser.parse_args()
    sizes = sorted(chosen.sizes or (FULL if chosen.full else QUICK))
    begun = perf_counter()
    with TemporaryDirectory(prefix="suivi-bench-") as directory:
        before = probe(Path(directory))
        found = list(_measures(sizes, full=chosen.full))
        after = probe(Path(directory))
    found += results.growth(found)
    noise = max(before, after) / min(before, after)
    results.show(found)
    print(
        f"{perf_counter() - begun:.0f} s; hello took {before * 1e6:.0f} µs before and {after * 1e6:.0f} µs after",
        end="",
    )
    print(": a noisy run, take it again." if noise > NOISY else ".")
    about: dict[str, object] = {
        "manifests": {size: manifest(size) for size in sizes},
        "machine": [platform.machine(), platform.python_version()],
        "hello_s": [before, after],
        "noisy": noise > NOISY,
    }
    results.write(chosen.output, found, about)
    return 0


def _measures(sizes: list[int], *, full: bool) -> Iterator[Result]:
    for size in sizes:
        with TemporaryDirectory(prefix="suivi-bench-") as directory:
            begun = perf_counter()
            town = BenchTown.of_files(Path(directory), size)
            print(f"{size} demands ready in {perf_counter() - begun:.1f} s", file=sys.stderr)
            yield from _of(town, Path(directory))
            if full:
                yield from mixed(town, Path(directory))
            town.close()
    yield from sweeping(full=full)
    yield from on_postgres(min(sizes))
    if full:
        yield from on_postgres(sizes[1])
    yield from helpdesk()
    yield _import()


def _of(town: BenchTown, directory: Path) -> Iterator[Result]:
    yield from queries(town)
    yield from rebuilding(town, directory)
    yield from commands(town)
    yield from replay(town)
    yield from bulk_closure(town)
    yield from over_http(town, directory)


def _import() -> Result:
    taken = [
        float(subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, check=True).stdout) for _ in "ab"
    ]
    pairs = Pairs.of_two(min(taken), IMPORT_S)
    return Result("import of the application", 0, pairs, f"≤ {IMPORT_S} s", pairs.ratio <= 1, "promised")


if __name__ == "__main__":
    sys.exit(main())
