"""All read models from the first fact on, against reading, decoding and inserting each fact flat.

``python -m benchmarks.rebuilding <directory> <demands>`` does it once and prints the most memory it held, in bytes.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from benchmarks.plan import NOW
from benchmarks.results import Result, at_least
from benchmarks.seeding import settings_of
from benchmarks.timing import PAIRS, Pairs, in_pairs, require_equal
from benchmarks.town import BenchTown
from projections.rebuild import Rebuild
from store.engines import connect_sqlite
from suivi.compose import Installation
from suivi.generations import FileGenerations

PAGE: Final = 5_000
MOST_MB: Final = 300
_MB: Final = 1024**2
_LARGE: Final = 1_000_000
_FEW: Final = 3
"""Pairs at a million demands, where each takes minutes."""


def rebuilding(town: BenchTown, directory: Path) -> Iterator[Result]:
    """Both read all the facts there are; the memory is that of a process of its own."""
    yield _speed(town)
    yield _memory(town, directory)


def main(directory: str, demands: str) -> None:
    """One rebuild, and the most memory that this process ever held."""
    random = Random(int(demands))
    town = BenchTown(
        Installation.open(settings_of(Path(directory)), lambda: NOW, random.randbytes), int(demands), random
    )
    with TemporaryDirectory(prefix="suivi-bench-") as beside:
        _ours(town, Path(beside))()
    town.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def _memory(town: BenchTown, directory: Path) -> Result:
    command = [sys.executable, "-m", "benchmarks.rebuilding", str(directory), str(town.demands)]
    held = int(subprocess.run(command, capture_output=True, check=True).stdout)
    pairs = Pairs.of_two(held / _MB, MOST_MB)
    return Result(
        "memory of a rebuild", town.demands, pairs, f"≤ {MOST_MB} MB", pairs.ratio <= 1, "promised", unit="MB"
    )


def _speed(town: BenchTown) -> Result:
    with TemporaryDirectory(prefix="suivi-bench-") as directory:
        rebuild, flat = _ours(town, Path(directory)), _flat(town, Path(directory))
        require_equal("rebuild", rebuild(), flat())
        pairs = in_pairs(rebuild, flat, repeat=1, pairs=PAIRS if town.demands < _LARGE else _FEW)
    return at_least("rebuild of all read models", town.demands, pairs, 0.6, "flat insert")


def _ours(town: BenchTown, directory: Path) -> Callable[[], int]:
    installation = town.installation

    def work() -> int:
        with FileGenerations(directory / f"{uuid4()}.sqlite3").building() as built:
            bulk = Rebuild(built.bulk, installation.records, installation.keyring, installation.calendars)
            number = bulk.run(installation.projector.position().generation, installation.register.head())
            built.settle()
        built.path.unlink()
        return number

    return work


def _flat(town: BenchTown, directory: Path) -> Callable[[], int]:
    register = town.installation.register

    def work() -> int:
        path = directory / f"{uuid4()}.sqlite3"
        connection = connect_sqlite(str(path))
        connection.execute("CREATE TABLE flat (seq INTEGER PRIMARY KEY, id BLOB, name TEXT, at TEXT)")
        connection.execute("BEGIN")
        after = total = 0
        while page := register.notifications(after, PAGE):
            facts = [(notification.id, register.fact(notification)) for notification in page]
            rows = [(number, fact.originator_id.bytes, fact.name, fact.timestamp.isoformat()) for number, fact in facts]
            connection.executemany("INSERT INTO flat VALUES (?,?,?,?)", rows)
            after, total = page[-1].id, total + len(page)
        connection.execute("COMMIT")
        connection.close()
        path.unlink()
        return total

    return work


if __name__ == "__main__":
    main(*sys.argv[1:3])
