"""All read models from the first fact on, against reading, decoding and inserting each fact flat."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from benchmarks.results import Result, at_least
from benchmarks.timing import in_pairs, require_equal
from benchmarks.town import BenchTown
from projections.rebuild import Rebuild
from store.engines import connect_sqlite
from suivi.generations import FileGenerations

PAGE: Final = 5_000
_LARGE: Final = 100_000


def rebuilding(town: BenchTown) -> Iterator[Result]:
    """Both read all the facts there are."""
    with TemporaryDirectory(prefix="suivi-bench-") as directory:
        rebuild, flat = _ours(town, Path(directory)), _flat(town, Path(directory))
        require_equal("rebuild", rebuild(), flat())
        pairs = in_pairs(rebuild, flat, repeat=1, pairs=7 if town.demands < _LARGE else 3)
    yield at_least("rebuild of all read models", town.demands, pairs, 0.6, "flat insert")


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
