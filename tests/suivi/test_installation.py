"""Making an installation, and refusing those that do not fit, each time with one sentence."""

import base64
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from suivi import founding
from tests.suivi.conftest import CommandLine


def refused(suivi: CommandLine, *arguments: str) -> str:
    done = suivi(*(arguments or ("statistics",)))
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("suivi : ")
    assert done.err.count("\n") == 1
    return done.err


def test_init_makes_private_files_and_says_what_comes_next(new_town: CommandLine) -> None:
    done = new_town("init", "--name", "Mairie de Saint-Aubin")
    assert done.code == 0
    assert "Mairie de Saint-Aubin : 15 démarches prêtes." in done.out
    assert "suivi agent create" in done.out
    for path in new_town.directory.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_init_again_is_harmless_and_keeps_the_secret(suivi: CommandLine) -> None:
    secret = (suivi.directory / "keys" / "master.secret").read_bytes()
    with suivi.opened() as installation:
        head = installation.register.head()
    assert suivi("init").code == 0
    with suivi.opened() as installation:
        assert installation.register.head() == head
        assert installation.office.directory.townhall().settings.name == "Mairie de Saint-Aubin"
    assert (suivi.directory / "keys" / "master.secret").read_bytes() == secret


def test_init_completes_one_that_was_cut_short(new_town: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(founding.catalogue())
    with monkeypatch.context() as patch:
        patch.setattr(founding, "catalogue", lambda: iter(whole[:3]))
        assert "3 démarches" in new_town("init").out
    assert "15 démarches" in new_town("init").out


def test_init_with_a_name_renames(suivi: CommandLine) -> None:
    assert "Mairie de Belle-Île" in suivi("init", "--name", "Mairie de Belle-Île").out


def test_nothing_installed(new_town: CommandLine) -> None:
    assert "lancez d’abord « suivi init »" in refused(new_town)
    assert not new_town.directory.exists()


@pytest.mark.parametrize("store", ["events", "accounts", "keys"])
@pytest.mark.parametrize(("version", "said"), [(0, "antérieure"), (99, "plus récente")])
def test_a_store_of_another_version_is_refused(suivi: CommandLine, store: str, version: int, said: str) -> None:
    with closing(sqlite3.connect(suivi.directory / f"{store}.sqlite3")) as connection:
        connection.execute("UPDATE schema_version SET version=?", (version,))
        connection.commit()
    assert said in refused(suivi)
    if version > 1:
        assert said in refused(suivi, "init")


def test_read_models_of_another_version_are_refused(suivi: CommandLine) -> None:
    with closing(sqlite3.connect(suivi.directory / "views.sqlite3")) as connection:
        connection.execute("UPDATE position SET version=99")
        connection.commit()
    assert "autre version" in refused(suivi)


def test_a_missing_secret_is_never_replaced(suivi: CommandLine) -> None:
    (suivi.directory / "keys" / "master.secret").unlink()
    assert "restaurez ce fichier" in refused(suivi)
    assert "restaurez ce fichier" in refused(suivi, "init")
    assert not (suivi.directory / "keys" / "master.secret").exists()


@pytest.mark.parametrize(
    "secret", [b"c2hvcnQ=", b"not base64!", b"", base64.b64encode(b"a" * 32), base64.b64encode(bytes(range(32)))]
)
def test_a_short_simple_or_foreign_secret_is_refused(suivi: CommandLine, secret: bytes) -> None:
    (suivi.directory / "keys" / "master.secret").write_bytes(secret)
    assert "secret maître" in refused(suivi)


def test_a_lost_epoch_is_said(suivi: CommandLine) -> None:
    for path in (suivi.directory / "keys").glob("*.epoch"):
        path.unlink()
    assert "répertoire des clés" in refused(suivi)


def test_a_damaged_database_is_said(suivi: CommandLine) -> None:
    path = suivi.directory / "events.sqlite3"
    path.write_bytes(b"garbage" * 1_000)
    assert "base de données" in refused(suivi)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEZONE", "Europe/Lutece"),
        ("TRUSTED_PROXIES", "some"),
        ("EVENTS_URL", "mysql://x"),
        ("KEYS_URL", "sqlite:///{d}/events.sqlite3"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said(
    suivi: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SUIVI_{name}", value.format(d=suivi.directory))
    refused(suivi)


def test_a_file_where_the_directory_should_be(tmp_path: Path, new_town: CommandLine) -> None:
    new_town.directory.write_text("")
    refused(new_town, "init")


def test_help_is_in_french(new_town: CommandLine) -> None:
    done = new_town("--help")
    assert done.code == 0
    assert "back-office" in done.out


ROLES = "agent, head, admin, auditor, analyst"


@pytest.mark.parametrize(
    ("arguments", "sentence", "explained"),
    [
        ("fly", "La commande « fly » n’existe pas", "suivi"),
        ("agent creat", "La commande « creat » n’existe pas ; vouliez-vous dire create ?", "suivi agent"),
        ("agent activate", "Il manque CODE", "suivi agent activate"),
        ("agent activate a b", "Argument en trop : b", "suivi agent activate"),
        ("agent create a --email a@b.example", "Il manque --name", "suivi agent create"),
        ("api-client create a", "Il manque --scope : choisissez parmi intake, read, audit", "suivi api-client create"),
        ("agent list --jso", "L’option --jso n’existe pas ; vouliez-vous dire --json ?", "suivi agent list"),
        ("agent create a --name", "L’option --name demande une valeur", ""),
        ("agent list --json=1", "L’option --json ne prend pas de valeur", ""),
        ("agent rights a --role boss", f"--role : choisissez parmi {ROLES}", "suivi agent rights"),
        ("agent rights a", "Donnez --role, --service ou --procedure", "suivi agent rights"),
        ("serve --port abc", "--port : un nombre entier de 0 à 65535", "suivi serve"),
        ("replay X --version 0", "--version : un nombre entier, 1 au moins", "suivi replay"),
        ("replay X --at y", "--at : « y » n’est pas un instant ISO 8601", "suivi replay"),
    ],
)
def test_a_wrong_usage_is_one_french_sentence(
    new_town: CommandLine, arguments: str, sentence: str, explained: str
) -> None:
    done = new_town(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"suivi : {sentence}")
    assert done.err.endswith(f" (voir « {explained} --help »).\n" if explained else " valeur.\n")
    assert len(done.err.splitlines()) == 1


def test_a_group_alone_shows_its_commands(new_town: CommandLine) -> None:
    done = new_town("agent")
    assert done.code == 2
    assert "Liste les agents." in done.err
