"""Closing five hundred demands in process, against as many rows updated and facts inserted in one transaction."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.results import Result, within
from benchmarks.timing import in_pairs, require_equal
from benchmarks.town import BenchTown
from domain.closing import close_all
from domain.demand import Demand
from domain.references import demand_id
from domain.status import Status
from store.engines import connect_sqlite
from store.sqlite import CREATE_EVENTS

MANY: Final = 500
PAIRS: Final = 7
_INSERT: Final = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"


def bulk_closure(town: BenchTown) -> Iterator[Result]:
    """Facts, key destruction and the lists; the raw side inserts the same facts in one commit."""
    lots = [town.fresh(MANY, 2) for _ in range(PAIRS + 1)]
    first, *_ = lots
    turn = iter(lots)
    with TemporaryDirectory(prefix="suivi-bench-") as directory:
        connection = connect_sqlite(str(Path(directory) / "raw.sqlite3"))
        connection.execute(CREATE_EVENTS)
        facts = iter(range(1, 1_000_000))

        def ours() -> None:
            refused = close_all(town.office, next(turn), by=town.agent, command=town.command(), outcome="traitee")
            require_equal("bulk closure", refused, {})

        def raw() -> None:
            connection.execute("BEGIN IMMEDIATE")
            rows = [(f"{next(facts):032x}", 3, "demand.closed:1", b"x" * 200) for _ in range(3 * MANY)]
            connection.executemany(_INSERT, rows)
            connection.execute("COMMIT")

        pairs = in_pairs(ours, raw, repeat=1, pairs=PAIRS)
        connection.close()
    closed = [town.installation.register.load(Demand, demand_id(reference)) for reference in first]
    require_equal("bulk closure", {demand.status for demand in closed if demand}, {Status.CLOSED})
    yield within(f"bulk closure of {MANY}", town.demands, pairs, 0.1, "raw insert of the facts")
