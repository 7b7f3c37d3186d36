"""What one command costs in process: loaded, sealed and recorded, against the same rows in plain SQL."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4

from benchmarks.plan import NOW
from benchmarks.results import Result, at_least, at_most
from benchmarks.timing import PAIRS, Work, in_pairs, require_equal
from benchmarks.town import COMMENT, EVENT, BenchTown
from domain.demand import Demand
from domain.ports import Outgoing
from domain.references import demand_id
from store.engines import connect_sqlite
from store.outbox_rows import NEW_COLUMNS, new_row
from store.sqlite import CREATE_EVENTS

FACTS: Final = 8
LONG: Final = 500
REPEAT: Final = 15
RAW: Final = "raw select + insert"
_INSERT: Final = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"
_SELECT: Final = "SELECT * FROM stored_events WHERE originator_id=? ORDER BY originator_version"
_LETTER: Final = f"INSERT INTO outbox VALUES ({','.join('?' * len(NEW_COLUMNS))})"  # noqa: S608 — question marks


def commands(town: BenchTown) -> Iterator[Result]:
    """One event with a letter's row, alone and with what agents read brought up to date."""
    with TemporaryDirectory(prefix="suivi-bench-") as directory:
        saved, town.office.saved = town.office.saved, lambda: None
        alone = _pairs(town, Path(directory) / "alone.sqlite3")
        town.office.saved = saved
        town.installation.catch_up()
        with_catch_up = _pairs(town, Path(directory) / "caught.sqlite3")
    yield at_least("command in process", town.demands, alone, 0.40, RAW)
    yield at_least("command with catch-up", town.demands, with_catch_up, 0.22, RAW)


def replay(town: BenchTown) -> Iterator[Result]:
    """A demand with a very long history, against the select of its rows."""
    (reference,) = town.fresh(1, LONG)
    identity = demand_id(reference)
    connection = sqlite3.connect(town.installation.settings.files["events"])
    town.installation.register.load(Demand, identity)
    require_equal("replay", len(town.stored([reference])), len(connection.execute(_SELECT, (identity.hex,)).fetchall()))
    pairs = in_pairs(
        lambda: town.installation.register.load(Demand, identity),
        lambda: connection.execute(_SELECT, (identity.hex,)).fetchall(),
        repeat=REPEAT,
    )
    connection.close()
    yield at_most(f"replay of {LONG} facts", town.demands, pairs, 9, "raw select", seconds=0.0025)


def acting(town: BenchTown, references: list[str]) -> Work:
    """One more event each time, on another demand each time, with a letter's row in the same transaction."""
    turn = iter(references)

    def act() -> None:
        reference = next(turn)
        with town.office.demand(reference, by=town.agent, command=town.command()) as demand:
            demand.add_event(EVENT, COMMENT)
            demand.outgoing.append(letter(demand_id(reference)))  # the row alone: the key of its own is one more commit

    return act


def letter(identity: UUID) -> Outgoing:
    """A letter's row."""
    return Outgoing(uuid4(), identity, "contact", b"x" * 300, NOW, NOW + timedelta(days=7))


def _pairs(town: BenchTown, path: Path) -> Any:
    references = town.fresh(PAIRS * REPEAT + 1, FACTS)
    raw, connection = _raw(town, path, references)
    pairs = in_pairs(acting(town, references), raw, repeat=REPEAT)
    rows = connection.execute("SELECT originator_id, originator_version, topic FROM stored_events").fetchall()
    require_equal("command", sorted((i.hex, v, t) for i, v, t, _ in town.stored(references)), sorted(rows))
    connection.close()
    return pairs


def _raw(town: BenchTown, path: Path, references: list[str]) -> tuple[Callable[[], None], sqlite3.Connection]:
    """The same demands, tables and rows, with a full sync."""
    connection = connect_sqlite(str(path))
    connection.execute(CREATE_EVENTS)
    connection.execute(f"CREATE TABLE outbox (mail_id CHAR(32) PRIMARY KEY, {', '.join(NEW_COLUMNS[1:])})")
    stored = town.stored(references)
    connection.execute("BEGIN")
    connection.executemany(_INSERT, [(identity.hex, *rest) for identity, *rest in stored])
    connection.execute("COMMIT")
    _, _, topic, state = stored[-1]
    turn = iter(references)

    def work() -> None:
        identity = demand_id(next(turn))
        found = connection.execute(_SELECT, (identity.hex,)).fetchall()
        mail_id, demand, *rest = new_row(letter(identity))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_INSERT, (identity.hex, len(found) + 1, topic, state))
        connection.execute(_LETTER, (mail_id.hex, demand.hex, *rest))  # type: ignore[attr-defined]  # UUIDs
        connection.execute("COMMIT")

    return work, connection
