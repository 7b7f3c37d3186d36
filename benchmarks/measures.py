"""What is measured, against what, and the bar of each; a ratio is ours / reference in time unless it says otherwise."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

import msgspec
from flask import Flask

from benchmarks.timing import Pairs, in_pairs
from benchmarks.town import NOW, SERVICE, BenchTown
from domain.applicant import Applicant
from domain.demand import Demand
from domain.intake import Form
from domain.references import demand_id
from projections.journal import JournalCriteria
from projections.projector import Projector
from projections.reading import Criteria, Scope
from projections.views import create_views
from store.engines import connect_sqlite, sqlite_engine

SCOPE: Final = Scope("lea", ("AED", "AEM", "AEN", "SLF"), (SERVICE,), (SERVICE,))
EVENTS: Final = 500


class Result(msgspec.Struct, frozen=True):
    """One line of the table; ``met`` is None where the bar needs another size to compare with."""

    measure: str
    size: int
    pairs: Pairs
    bar: str
    met: bool | None


def measures(town: BenchTown) -> Iterator[Result]:
    """Every measure of one size."""
    size = town.demands
    yield from _commands(town, size)
    yield _replay(town, size)
    yield from _queries(town, size)
    yield _rebuild(town, size)
    yield from _pages(town, size)


def _commands(town: BenchTown, size: int) -> Iterator[Result]:
    """Load 8 facts, seal a comment, append one; the reference selects 8 rows and inserts one, with a full sync."""
    raw = _raw_store()
    reference = _taken(town)
    act = _adding(town, reference)
    with_catch_up = in_pairs(act, raw, repeat=20)
    office_saved = town.office.saved
    town.office.saved = lambda: None
    alone = in_pairs(act, raw, repeat=20)
    town.office.saved = office_saved
    town.installation.projector.catch_up()
    yield Result("command in process", size, alone, "≤ 2.50 × raw", alone.ratio <= 1 / 0.40)
    yield Result("command with catch-up", size, with_catch_up, "≤ 4.55 × raw", with_catch_up.ratio <= 1 / 0.22)


def _replay(town: BenchTown, size: int) -> Result:
    reference = _taken(town)
    identity = demand_id(reference)
    with town.office.demand(reference, by=town.agent, command=town.command()) as demand:
        for _ in range(EVENTS - demand.demand.version):
            demand.add_event("appel_usager", "il rappellera demain")
    connection = sqlite3.connect(town.installation.settings.files["events"])
    statement = "SELECT * FROM stored_events WHERE originator_id=? ORDER BY originator_version"
    pairs = in_pairs(
        lambda: town.installation.register.load(Demand, identity),
        lambda: connection.execute(statement, (identity.hex,)).fetchall(),
        repeat=20,
    )
    connection.close()
    return Result(f"replay of {EVENTS} facts", size, pairs, "≤ 9 × raw select", pairs.ratio <= 9)


def _queries(town: BenchTown, size: int) -> Iterator[Result]:
    """Against one indexed row by its key in the same database."""
    lists, journal, figures = town.installation.lists, town.installation.journal, town.installation.statistics
    views = sqlite3.connect(town.installation.settings.files["views"])

    def row() -> object:
        return views.execute("SELECT * FROM current_demands WHERE seq=?", (1,)).fetchall()

    named: dict[str, Callable[[], object]] = {
        "list page (untreated)": lambda: lists.page(Criteria("untreated"), SCOPE, NOW),
        "list page (service)": lambda: lists.page(Criteria("service"), SCOPE, NOW),
        "counters": lambda: lists.counters(SCOPE, NOW),
        "worst name search": lambda: lists.page(Criteria("service", words=("mar",)), SCOPE, NOW),
        "journal page": lambda: journal.page(JournalCriteria(), None),
        "statistics of a year": lambda: figures.figures(date(2026, 3, 1), date(2027, 2, 28), "month", NOW.date()),
    }
    for name, query in named.items():
        yield Result(name, size, in_pairs(query, row, repeat=10), "flat with size", None)
    views.close()


def _rebuild(town: BenchTown, size: int) -> Result:
    """All read models from nothing; the reference reads, decodes and inserts each fact flat."""
    installation, directory = town.installation, Path(mkdtemp(prefix="suivi-bench-"))

    def ours() -> None:
        engine = sqlite_engine(str(directory / f"{uuid4()}.sqlite3"))
        with engine.begin() as connection:
            create_views(connection, installation.projector.position().generation)
        register, keyring = installation.register, installation.keyring
        Projector(engine, register.notifications, register.fact, keyring, installation.calendars, 5_000).catch_up()
        engine.dispose()

    def flat() -> None:
        connection = connect_sqlite(str(directory / f"{uuid4()}.sqlite3"))
        connection.execute("CREATE TABLE flat (seq INTEGER PRIMARY KEY, id BLOB, name TEXT, at TEXT)")
        connection.execute("BEGIN")
        position = 0
        while page := installation.register.notifications(position, 5_000):
            facts = [(n.id, installation.register.fact(n)) for n in page]
            rows = [(number, f.originator_id.bytes, f.name, f.timestamp.isoformat()) for number, f in facts]
            connection.executemany("INSERT INTO flat VALUES (?,?,?,?)", rows)
            position = page[-1].id
        connection.execute("COMMIT")
        connection.close()

    pairs = in_pairs(ours, flat, repeat=1, pairs=3)
    return Result("rebuild of all read models", size, pairs, "≤ 1.67 × flat insert", pairs.ratio <= 1 / 0.6)


def _pages(town: BenchTown, size: int) -> Iterator[Result]:
    """Full pages, logged in, through the WSGI application; against a Flask application that says hello."""
    from benchmarks.visitor import logged_in  # noqa: PLC0415 — Flask's pages are loaded only to be measured

    hello = Flask("hello")
    hello.add_url_rule("/", view_func=lambda: "hello")
    visitor, greeted = logged_in(town.installation), hello.test_client()
    for name, address in (
        ("home", "/"),
        ("page Non traitées", "/demandes/non-traitees"),
        ("page Du service", "/demandes/service"),
    ):
        pairs = in_pairs(lambda address=address: visitor.get(address).data, lambda: greeted.get("/").data, repeat=10)
        yield Result(name, size, pairs, "≤ 4 × Flask hello", pairs.ratio <= 4)


def _taken(town: BenchTown) -> str:
    form = Form("AEN", "internet", Applicant("Dubois", "Marie", email="marie@example.org"), {"copies": 1}, str(uuid4()))
    reference = town.office.intake.submit(town.command("api:bench"), form).reference
    with town.office.demand(reference, by=town.agent, command=town.command()) as demand:
        demand.take_in_charge()
    with town.office.demand(reference, by=town.agent, command=town.command()) as demand:
        for _ in range(8 - demand.demand.version):
            demand.add_event("appel_usager", "il rappellera")
    return reference


def _adding(town: BenchTown, reference: str) -> Callable[[], None]:
    """One more event each time, on a demand whose history is cut back to 8 facts in the reading of the reference."""
    references = [reference] + [_taken(town) for _ in range(60)]
    turn = iter(references * 1_000)

    def act() -> None:
        with town.office.demand(next(turn), by=town.agent, command=town.command()) as demand:
            demand.add_event("appel_usager", "il rappellera demain")

    return act


def _raw_store() -> Callable[[], None]:
    connection = connect_sqlite(str(Path(mkdtemp(prefix="suivi-bench-")) / "raw.sqlite3"))
    connection.execute("CREATE TABLE events (id TEXT, version INTEGER, state BLOB, PRIMARY KEY (id, version))")
    body = json.dumps({"comment": "x" * 300}).encode()
    connection.executemany("INSERT INTO events VALUES ('a', ?, ?)", [(version, body) for version in range(8)])
    versions = iter(range(8, 10_000_000))

    def work() -> None:
        connection.execute("SELECT * FROM events WHERE id='a' AND version<8 ORDER BY version").fetchall()
        connection.execute("INSERT INTO events VALUES ('a', ?, ?)", (next(versions), body))

    return work
