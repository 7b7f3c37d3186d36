"""A service of an older version left running after an upgrade, on files: no empty file takes the place of its own."""

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from projections.tables import VERSION
from suivi.compose import Installation
from suivi.refusals import CommandRefused
from suivi.serving import web_parts
from tests.suivi.conftest import CommandLine
from web.app import create_app

NEWER = f"views-9.v{VERSION + 1}.sqlite3"


def upgraded_by_others(directory: Path) -> None:
    """Read models of a newer version serve, and the clock of its service has removed the old ones."""
    old = sorted(directory.glob("views-*.sqlite3"))
    shutil.copy(directory / "views.sqlite3", directory / NEWER)
    (directory / "link").symlink_to(NEWER)
    (directory / "link").replace(directory / "views.sqlite3")
    for path in old:
        path.unlink()


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("views*.sqlite3"))


def pages(installation: Installation) -> FlaskClient:
    installation.clients.create("site", "a-token-of-the-site-long-enough", ["read", "intake"], installation.clock())
    return create_app(web_parts(installation, "http://localhost", lambda _: None)).test_client()


@pytest.mark.parametrize("rebuilt", [False, True], ids=["the first file", "a later one"])
def test_a_service_of_an_older_version_says_that_its_lists_are_gone(town: CommandLine, rebuilt: bool) -> None:
    if rebuilt:
        assert town("rebuild").code == 0
    token = {"Authorization": "Bearer a-token-of-the-site-long-enough"}
    with town.opened(catching_up=False) as installation:
        client = pages(installation)
        assert client.get("/api/v1/demands", headers=token).status_code == 200
        assert client.get("/health/ready").status_code == 200
        upgraded_by_others(town.directory)
        assert client.get("/health/ready").status_code == 200, "its open connections still read what was removed"
        installation.stores.views.dispose()
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json) == (503, {"status": "not ready", "reasons": {"views": "WrongViews"}})
        assert client.get("/api/v1/demands", headers=token).status_code == 503
        assert files(town.directory) == [NEWER, "views.sqlite3"]


def test_a_command_that_an_upgrade_overtakes_says_so(town: CommandLine) -> None:
    def overtaken() -> None:
        with town.opened() as installation:
            upgraded_by_others(town.directory)
            installation.stores.views.dispose()

    with pytest.raises(CommandRefused, match="lancez « suivi init »"):
        overtaken()


def test_a_link_to_nothing_is_repaired_by_init_and_by_rebuild(town: CommandLine) -> None:
    assert town("rebuild").code == 0
    for command in ("init", "rebuild"):
        (served,) = town.directory.glob("views-*.sqlite3")
        served.unlink()
        refused = town("statistics")
        assert (refused.code, "lancez « suivi init »" in refused.err) == (1, True)
        assert not served.exists()
        assert town(command).code == 0
        assert town("statistics").code == 0
