"""What the bars ask of PostgreSQL: a command, a name search and a rebuild, against psycopg alone."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.commands import FACTS, REPEAT, acting, letter
from benchmarks.plan import NOW
from benchmarks.queries import SCOPE
from benchmarks.results import Result, at_least, not_run, within
from benchmarks.timing import PAIRS, Pairs, in_pairs, require_equal
from benchmarks.town import BenchTown
from domain.references import demand_id
from projections.reading import Criteria
from projections.rebuild import Rebuild
from store.outbox_rows import NEW_COLUMNS, new_row

URL: Final = "SUIVI_TEST_POSTGRES_URL"
STORES: Final = ("EVENTS", "VIEWS", "KEYS", "ACCOUNTS")
RAW: Final = "psycopg select + insert"
_SELECT: Final = "SELECT * FROM suivi_events.stored_events WHERE originator_id=%s ORDER BY originator_version"
_INSERT: Final = "INSERT INTO raw_events (originator_id, originator_version, topic, state) VALUES (%s,%s,%s,%s)"
_LETTER: Final = f"INSERT INTO raw_letters VALUES ({','.join(['%s'] * len(NEW_COLUMNS))})"  # noqa: S608 — marks only
_PAGE: Final = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM suivi_events.stored_events "
    "WHERE notification_id > %s ORDER BY notification_id LIMIT 5000"
)


def on_postgres(size: int) -> Iterator[Result]:
    """A database made for the run and dropped after it; « not run » where no server is named."""
    targets = {
        "command in process": "≥ 0.35 × psycopg",
        "command with catch-up": "≥ 0.12 × psycopg",
        "name search, the most frequent word": "≤ 3 ms",
        "rebuild of all read models": "≥ 0.35 × COPY",
    }
    if URL not in os.environ:
        yield from (
            not_run(f"{name}, PostgreSQL", size, target, f"{URL} is not set") for name, target in targets.items()
        )
        return
    with _database(os.environ[URL]) as url, TemporaryDirectory(prefix="suivi-bench-") as directory:
        environment = {f"SUIVI_{name}_URL": url for name in STORES}
        town = BenchTown.on_server(Path(directory), size, environment)
        yield from _commands(town, url)
        yield _search(town, url)
        yield _rebuild(town, url)
        town.close()


def _commands(town: BenchTown, url: str) -> Iterator[Result]:
    with _connected(url) as connection:
        connection.execute("CREATE TABLE raw_events (LIKE suivi_events.stored_events INCLUDING ALL)")
        connection.execute("CREATE TABLE raw_letters AS SELECT * FROM suivi_events.outbox WHERE false")
        connection.execute(f"CREATE TABLE raw_letters_in_order AS SELECT {', '.join(NEW_COLUMNS)} FROM raw_letters")  # noqa: S608
        connection.execute("DROP TABLE raw_letters")
        connection.execute("ALTER TABLE raw_letters_in_order RENAME TO raw_letters")
        saved, town.office.saved = town.office.saved, lambda: None
        alone = _pairs(town, connection)
        town.office.saved = saved
        town.installation.catch_up()
        with_catch_up = _pairs(town, connection)
    yield at_least("command in process, PostgreSQL", town.demands, alone, 0.35, RAW)
    yield at_least("command with catch-up, PostgreSQL", town.demands, with_catch_up, 0.12, RAW)


def _pairs(town: BenchTown, connection: Any) -> Pairs:
    references = town.fresh(PAIRS * REPEAT + 1, FACTS)
    turn = iter(references)
    state = town.stored(references[:1])[-1][3]

    def raw() -> None:
        identity = demand_id(next(turn))
        found = connection.execute(_SELECT, (identity,), prepare=True).fetchall()
        with connection.transaction(), connection.pipeline():
            connection.execute(_INSERT, (identity, len(found) + 1, "demand.event-added:1", state), prepare=True)
            connection.execute(_LETTER, new_row(letter(identity)), prepare=True)

    return in_pairs(acting(town, references), raw, repeat=REPEAT)


def _search(town: BenchTown, url: str) -> Result:
    lists = town.installation.lists
    with _connected(url) as connection:
        pairs = in_pairs(
            lambda: lists.page(Criteria("service", words=("mar",)), SCOPE, NOW),
            lambda: connection.execute(
                "SELECT * FROM suivi_views_1.current_demands WHERE seq=1", prepare=True
            ).fetchall(),
            repeat=5,
        )
    return within("name search, the most frequent word, PostgreSQL", town.demands, pairs, 0.003, "row by key")


def _rebuild(town: BenchTown, url: str) -> Result:
    from suivi.schemas import SchemaGenerations  # noqa: PLC0415 — PostgreSQL is an extra

    installation = town.installation

    def ours() -> int:
        with SchemaGenerations(url).building() as built:
            bulk = Rebuild(built.bulk, installation.records, installation.keyring, installation.calendars)
            return bulk.run(installation.projector.position().generation, installation.register.head())

    with _connected(url) as connection:
        copying = _copying(connection)
        require_equal("rebuild", ours(), copying())
        pairs = in_pairs(ours, copying, repeat=1)
    return at_least("rebuild of all read models, PostgreSQL", town.demands, pairs, 0.35, "COPY")


def _copying(connection: Any) -> Callable[[], int]:
    """Read every fact and copy it flat: the least a rebuild can do."""

    def work() -> int:
        connection.execute("DROP TABLE IF EXISTS raw_copy")
        connection.execute(
            "CREATE UNLOGGED TABLE raw_copy (n bigint, id uuid, version bigint, topic text, state bytea)"
        )
        after = total = 0
        while rows := connection.execute(_PAGE, (after,), prepare=True).fetchall():
            with connection.cursor().copy("COPY raw_copy FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            after, total = rows[-1][0], total + len(rows)
        return total

    return work


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    import psycopg  # noqa: PLC0415 — PostgreSQL is an extra

    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"suivi_bench_{os.getpid()}"
    with _connected(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    head, _, tail = server.partition("?")
    try:
        yield f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")
    finally:
        with _connected(server) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
