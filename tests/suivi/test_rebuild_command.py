"""``suivi rebuild``: new read models beside the old, compared, then in their place; the old and their key go."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from projections.reading import Criteria, Scope
from projections.tables import VERSION
from store.transactions import writing
from suivi.replayed import compare
from suivi.verification import Findings
from tests.databases import KINDS
from tests.suivi.conftest import CommandLine

CIVIL = "État civil"


def files(suivi: CommandLine) -> set[str]:
    return {path.name for path in suivi.directory.glob("views*")} - {"views.rebuild.lock", "views.checkpoint.lock"}


def places(town: CommandLine) -> set[str]:
    """Where read models are, whoever reads them: files, or schemas."""
    if not town.environment:
        return files(town)
    with psycopg.connect(town.environment["SUIVI_VIEWS_URL"]) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'suivi_views')")
        return {name for (name,) in found}


def place(town: CommandLine, number: int) -> set[str]:
    """Where the read models are when those of this number are alone."""
    if not town.environment:
        return {"views.sqlite3", f"views-{number}.v{VERSION}.sqlite3"}
    return {"suivi_views", f"suivi_views_{number}"}


def changed(suivi: CommandLine, statement: str) -> None:
    with (
        suivi.opened(catching_up=False, views=False) as installation,
        writing(installation.stores.views) as connection,
    ):
        assert connection.exec_driver_sql(statement).rowcount


def test_equal_read_models_take_the_place_of_the_old_ones(any_town: CommandLine) -> None:
    before = any_town("statistics", "--json").json
    with any_town.opened() as installation:
        old = installation.projector.position()
    done = any_town("rebuild", "--json")
    assert done.code == 0, done.err
    assert (done.json["ok"], done.json["compared"], done.json["differences"]) == (True, True, [])
    with any_town.opened() as installation:
        new = installation.projector.position()
        assert str(new.generation) == done.json["generation"] != str(old.generation)
        assert new.notification_id == old.notification_id
        assert installation.keyring.active("search") == [new.generation]
        assert installation.keyring.keys([old.generation]) == {}
    assert places(any_town) == place(any_town, 2)
    assert any_town("statistics", "--json").json == before
    assert any_town("verify").code == 0


def test_every_rebuild_removes_the_one_before(any_town: CommandLine) -> None:
    for number in (2, 3, 4):
        assert "listes et statistiques servent" in any_town("rebuild").out
        assert places(any_town) == place(any_town, number)
        for path in any_town.directory.glob("views*.sqlite3"):
            assert path.stat().st_mode & 0o777 == 0o600


DIFFERENCES = (
    ("UPDATE journal SET outcome='refusee' WHERE seq=(SELECT min(seq) FROM journal)", "journal", "outcome"),
    ("DELETE FROM status_intervals WHERE until > 4e18", "status_intervals", "manque"),
    ("UPDATE daily_counts SET closed=closed+1 WHERE dimension='all' AND closed > 0", "daily_counts", "closed"),
    ("DELETE FROM search_tokens", "search_tokens", "manque"),
    ("INSERT INTO search_tokens SELECT 'x', token, 0, 999999 FROM search_tokens LIMIT 1", "search_tokens", "en trop"),
)


@pytest.mark.parametrize(("statement", "view", "what"), DIFFERENCES)
def test_differences_are_told_and_the_new_read_models_win(
    town: CommandLine, statement: str, view: str, what: str
) -> None:
    changed(town, statement)
    done = town("rebuild", "--json")
    assert done.code == 1
    assert not done.json["ok"]
    assert {(found["view"], what in found["what"]) for found in done.json["differences"]} == {(view, True)}
    assert "que les nouvelles ont remplacées" in done.err
    again = town("rebuild")
    assert (again.code, again.err) == (0, "")


@pytest.mark.parametrize("any_town", KINDS[1:], indirect=True)
def test_several_differences_are_told_on_a_server_as_well(any_town: CommandLine) -> None:
    missing = DIFFERENCES[:3]
    for statement, _, _ in missing:
        changed(any_town, statement)
    done = any_town("rebuild", "--json")
    assert (done.code, done.json["compared"]) == (1, True)
    told = {(found["view"], found["what"]) for found in done.json["differences"]}
    assert {view for view, _ in told} == {view for _, view, _ in missing}
    assert all(any(view == seen and what in said for seen, said in told) for _, view, what in missing)
    assert any_town("rebuild").code == 0


def test_read_models_of_another_version_are_built_again_by_init(any_town: CommandLine) -> None:
    before = any_town("statistics", "--json").json
    changed(any_town, "UPDATE position SET version=99")
    refused = any_town("statistics")
    assert (refused.code, "lancez « suivi init »" in refused.err) == (1, True)
    assert any_town("init").code == 0
    assert any_town("statistics", "--json").json == before
    assert any_town("verify").code == 0


@pytest.mark.parametrize("command", ["init", "rebuild"])
def test_on_a_terminal_one_sees_how_far_it_is(town: CommandLine, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    changed(town, "UPDATE position SET version=99")
    with town.opened(catching_up=False, views=False) as installation:
        head = installation.register.head()
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = town(command)
    assert done.code == 0
    shown = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", done.err)
    assert re.search(rf"Reconstruction .* {head}/{head}", shown)


def test_elsewhere_than_on_a_terminal_nothing_is_shown(town: CommandLine) -> None:
    changed(town, "UPDATE position SET version=99")
    assert town("init").err == ""


@pytest.mark.parametrize("harm", ["removed", "damaged", "emptied"])
def test_read_models_that_cannot_be_read_are_built_again(town: CommandLine, harm: str) -> None:
    before = town("statistics", "--json").json
    path = town.directory / "views.sqlite3"
    if harm == "emptied":
        changed(town, "DELETE FROM position")
    else:
        path.unlink()
        if harm == "damaged":
            path.write_bytes(b"no database at all " * 1_000)
    done = town("rebuild")
    assert (done.code, "rien n’a été comparé" in done.out) == (0, True), done.err
    assert town("statistics", "--json").json == before


def test_a_second_rebuild_says_that_one_is_running(any_town: CommandLine) -> None:
    before = places(any_town)
    with locked(any_town.directory / "views.rebuild.lock"):
        done = any_town("rebuild")
    assert (done.code, "déjà en cours" in done.err) == (1, True)
    assert places(any_town) == before


@contextmanager
def locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_an_open_installation_moves_to_the_new_read_models_by_itself(any_town: CommandLine) -> None:
    scope = Scope("lea", (), (CIVIL,), (CIVIL,))
    with any_town.opened() as installation:
        kept = installation.stores.views.connect()
        assert kept.exec_driver_sql("SELECT count(*) FROM journal").scalar()
        old = installation.projector.position().generation
        assert any_town("rebuild").code == 0
        assert kept.exec_driver_sql("SELECT count(*) FROM journal").scalar()
        kept.close()
        assert installation.projector.position().generation != old
        installation.lists.page(Criteria("service"), scope, installation.clock())
        installation.catch_up()
        assert installation.readiness() == {}


def test_a_verification_that_a_rebuild_overtakes_finds_nothing_wrong(any_town: CommandLine) -> None:
    """The rebuild takes the search key of the read models that are being looked at."""
    findings, rebuilt = Findings(), list[int]()

    def meanwhile(_: int) -> None:
        if not rebuilt:
            rebuilt.append(any_town("rebuild").code)

    with any_town.opened() as installation:
        compare(installation, findings, meanwhile)
    assert (rebuilt, findings.problems) == ([0], [])
