"""``suivi rebuild``: new read models beside the old, compared, then in their place; the old and their key go."""

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from projections.reading import Criteria, Scope
from projections.tables import VERSION
from suivi.replayed import compare
from suivi.verification import Findings
from tests.suivi.conftest import CommandLine

CIVIL = "État civil"


def files(suivi: CommandLine) -> set[str]:
    return {path.name for path in suivi.directory.glob("views*")} - {"views.rebuild.lock", "views.checkpoint.lock"}


def changed(suivi: CommandLine, statement: str) -> None:
    with closing(sqlite3.connect(suivi.directory / "views.sqlite3")) as connection:
        assert connection.execute(statement).rowcount
        connection.commit()


def test_equal_read_models_take_the_place_of_the_old_ones(town: CommandLine) -> None:
    before = town("statistics", "--json").json
    with town.opened() as installation:
        old = installation.projector.position()
    done = town("rebuild", "--json")
    assert done.code == 0, done.err
    assert (done.json["ok"], done.json["compared"], done.json["differences"]) == (True, True, [])
    with town.opened() as installation:
        new = installation.projector.position()
        assert str(new.generation) == done.json["generation"] != str(old.generation)
        assert new.notification_id == old.notification_id
        assert installation.keyring.active("search") == [new.generation]
        assert installation.keyring.keys([old.generation]) == {}
    assert files(town) == {"views.sqlite3", f"views-2.v{VERSION}.sqlite3"}
    assert town("statistics", "--json").json == before
    assert town("verify").code == 0


def test_every_rebuild_removes_the_one_before(town: CommandLine) -> None:
    for number in (2, 3, 4):
        assert "listes et statistiques servent" in town("rebuild").out
        assert files(town) == {"views.sqlite3", f"views-{number}.v{VERSION}.sqlite3"}
        mode = (town.directory / "views.sqlite3").stat().st_mode & 0o777
        assert mode == 0o600


@pytest.mark.parametrize(
    ("statement", "view", "what"),
    [
        ("UPDATE journal SET outcome='refusee' WHERE seq=(SELECT min(seq) FROM journal)", "journal", "outcome"),
        ("DELETE FROM status_intervals WHERE until > 4e18", "status_intervals", "manque"),
        ("UPDATE daily_counts SET closed=closed+1 WHERE dimension='all' AND closed > 0", "daily_counts", "closed"),
        ("DELETE FROM search_tokens", "search_tokens", "manque"),
        ("INSERT INTO search_tokens VALUES ('x', x'00', 999999)", "search_tokens", "en trop"),
    ],
)
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


def test_read_models_of_another_version_are_built_again_by_init(town: CommandLine) -> None:
    before = town("statistics", "--json").json
    changed(town, "UPDATE position SET version=99")
    refused = town("statistics")
    assert (refused.code, "lancez « suivi init »" in refused.err) == (1, True)
    assert town("init").code == 0
    assert town("statistics", "--json").json == before
    assert town("verify").code == 0


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


def test_a_second_rebuild_says_that_one_is_running(town: CommandLine) -> None:
    before = files(town)
    with locked(town.directory / "views.rebuild.lock"):
        done = town("rebuild")
    assert (done.code, "déjà en cours" in done.err) == (1, True)
    assert files(town) == before


@contextmanager
def locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def test_an_open_installation_moves_to_the_new_read_models_by_itself(town: CommandLine) -> None:
    scope = Scope("lea", (), (CIVIL,), (CIVIL,))
    with town.opened() as installation:
        kept = installation.stores.views.connect()
        assert kept.exec_driver_sql("SELECT count(*) FROM journal").scalar()
        old = installation.projector.position().generation
        assert town("rebuild").code == 0
        assert kept.exec_driver_sql("SELECT count(*) FROM journal").scalar()
        kept.close()
        assert installation.projector.position().generation != old
        installation.lists.page(Criteria("service"), scope, installation.clock())
        installation.catch_up()
        assert installation.readiness() == {}


def test_a_verification_that_a_rebuild_overtakes_finds_nothing_wrong(town: CommandLine) -> None:
    """The rebuild takes the search key of the read models that are being looked at."""
    findings, rebuilt = Findings(), list[int]()

    def meanwhile(_: int) -> None:
        if not rebuilt:
            rebuilt.append(town("rebuild").code)

    with town.opened() as installation:
        compare(installation, findings, meanwhile)
    assert (rebuilt, findings.problems) == ([0], [])
