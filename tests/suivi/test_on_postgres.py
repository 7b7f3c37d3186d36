"""A town hall on PostgreSQL: from ``init`` to the residue scan, with each store there or beside it in a file."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from store import locks
from suivi.opening import created
from suivi.settings import read_settings
from tests.databases import addresses, postgres_database
from tests.suivi.conftest import EXCERPT, CommandLine

pytestmark = pytest.mark.postgres


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as address:
        yield address


@pytest.fixture
def environment(url: str, monkeypatch: pytest.MonkeyPatch, new_town: CommandLine) -> dict[str, str]:
    """All four stores in one database, for this process and those it starts."""
    found = addresses(url)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def damage(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute(statement).rowcount  # type: ignore[arg-type]  # the test's own words


def test_from_init_to_the_residue_scan(new_town: CommandLine, environment: dict[str, str]) -> None:
    assert new_town("statistics").code == 1
    assert new_town("init", "--name", "Mairie de Saint-Aubin").code == 0
    assert new_town("init").code == 0
    first = new_town("import", EXCERPT, "--create-missing", "--json")
    again = new_town("import", EXCERPT, "--create-missing", "--json")
    assert (first.json["imported"], again.json["imported"], again.json["already_present"]) == (12, 0, 12)
    assert not list(new_town.directory.glob("*.sqlite3"))
    done = new_town("verify", "--json")
    assert (done.code, done.err, done.json["demands"], done.json["problems"]) == (0, "", 12, [])
    assert new_town("erasure", "scan").code == 0
    assert new_town("statistics", "--json").json["totals"]["received"] == 12
    exported = new_town("export", "journal", "--format", "csv").out
    reference = exported.splitlines()[1].partition(";")[0]
    assert new_town("replay", reference, "--json").json["status"] == "CLOTUREE"
    with new_town.opened(environment) as installation:
        assert installation.readiness() == {}
        assert installation.stores.logged() == {}


_WAITED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory' "
    "AND clock_timestamp() - query_start > interval '0.3 s'"
)


def make_again(environment: dict[str, str]) -> None:
    with created(read_settings(environment)):
        pass


def test_init_waits_for_the_rebuild_of_another_host_however_long(
    new_town: CommandLine, environment: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other locks are waited for during a twentieth of a second here."""
    assert new_town("init").code == 0
    damage(url, "UPDATE suivi_views_1.position SET version = 99")
    monkeypatch.setattr("store.servers.LOCK_TIMEOUT_S", 0.05)
    with psycopg.connect(url, autocommit=True) as other, ThreadPoolExecutor(1) as threads:
        other.execute("SELECT pg_advisory_lock(%s)", (locks.REBUILD,))
        waiting = threads.submit(make_again, environment | {"SUIVI_DATA_DIR": str(new_town.directory)})
        while not waiting.done() and other.execute(_WAITED).fetchone() == (0,):
            pass
        assert not waiting.done(), waiting.exception()
        other.execute("SELECT pg_advisory_unlock(%s)", (locks.REBUILD,))
        waiting.result()
    assert new_town("statistics").code == 0


def test_damage_is_found(new_town: CommandLine, environment: dict[str, str], url: str) -> None:
    damages = {
        "version 3 manquante": "DELETE FROM suivi_events.stored_events WHERE originator_version = 3",
        "fait illisible": "UPDATE suivi_events.stored_events SET state = 'x' WHERE topic = 'demand.closed:1'",
        "diffère : outcome": "UPDATE suivi_views_1.journal SET outcome = 'refusee' WHERE outcome = 'traitee'",
        "vue agents bruno : manque": "DELETE FROM suivi_views_1.agents WHERE code = 'bruno'",
    }
    assert new_town("init").code == 0
    assert new_town("import", EXCERPT, "--create-missing").code == 0
    for said, statement in reversed(damages.items()):
        damage(url, statement)
        done = new_town("verify", "--json")
        assert done.code == 1
        assert any(said in problem for problem in done.json["problems"]), done.json


def test_a_rebuild_that_the_server_refuses_says_so(
    new_town: CommandLine, environment: dict[str, str], url: str
) -> None:
    assert new_town("init").code == 0
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE suivi_views.generation DROP COLUMN version")
    done = new_town("rebuild")
    assert (done.code, done.out) == (1, "")
    assert "La base de données a refusé" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("there", [("events",), ("views", "accounts"), ("keys",)])
def test_stores_may_be_on_either_database(
    new_town: CommandLine, url: str, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    for name, value in addresses(url, *there).items():
        monkeypatch.setenv(name, value)
    assert new_town("init").code == 0
    assert new_town("import", EXCERPT, "--create-missing").code == 0
    done = new_town("verify", "--json")
    assert (done.code, done.json["problems"]) == (0, [])
    assert len(list(new_town.directory.glob("*.sqlite3"))) == 4 - len(there)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_three_processes_that_found_the_town_at_once_found_one(
    new_town: CommandLine, request: pytest.FixtureRequest, database: str
) -> None:
    if database == "postgres":
        request.getfixturevalue("environment")
    start = [sys.executable, "-m", "suivi.cli", "init"]
    founders = [subprocess.Popen(start, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(3)]
    errors = [founder.communicate()[1] for founder in founders]
    assert [founder.returncode for founder in founders] == [0, 0, 0], errors
    done = new_town("verify", "--json")
    assert (done.code, done.json["facts"]) == (0, 23)
    assert len(list((new_town.directory / "keys").glob("*.epoch"))) == 1


def test_a_lost_secret_is_missed_before_another_is_made(new_town: CommandLine, environment: dict[str, str]) -> None:
    assert new_town("init").code == 0
    (new_town.directory / "keys" / "master.secret").unlink()
    done = new_town("init")
    assert done.code == 1
    assert "manque alors que des données existent" in done.err


def test_a_server_that_is_away_or_cannot_be_named_is_a_sentence(
    new_town: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, said in {
        "postgresql://nobody@127.0.0.1:1/none": "La base de données a refusé",
        "postgresql://user:s3cret@host/base?nonsense=1": "une adresse lisible",
        "mysql://user:s3cret@host/base": "SUIVI_EVENTS_URL",
    }.items():
        monkeypatch.setenv("SUIVI_EVENTS_URL", address)
        done = new_town("init")
        assert (done.code, "s3cret" in done.err, done.err.count("\n")) == (1, False, 1)
        assert said in done.err
