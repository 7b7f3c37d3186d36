"""A fact that a newer version wrote: a sentence says so, and what can be done all the same is done."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from tests.suivi.conftest import CommandLine

FUTURE = "demand.from-the-future:9"
PASSWORD = "trois poules bleues au marché"
_PROGRAM = "from suivi.wsgi import application as a; print(a.test_client().get('/health/ready').json['reasons'])"


@pytest.fixture
def number(suivi: CommandLine) -> int:
    """The fact's number; nobody but a newer version can read it."""
    assert suivi("agent", "create", "lea", "--name", "Léa", "--email", "lea@mairie.example").code == 0
    with suivi.opened(catching_up=False) as installation:
        installation.register.recorder.insert_events([StoredEvent(UUID(int=7), 1, FUTURE, b"{}")])
        return installation.register.head()


READERS = ("agent list", "procedure export", "statistics", "export journal", "remind", "expire", "erasure scan")


@pytest.mark.parametrize("command", [*READERS, "init", "rebuild"])
def test_a_command_names_the_fact_and_what_to_do(suivi: CommandLine, number: int, command: str) -> None:
    done = suivi(*command.split())
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        f"suivi : Le fait n° {number} ({FUTURE}) ne peut pas être lu par ce programme : les listes et statistiques "
        "s’arrêtent avant lui. Installez la version de Suivi qui l’a écrit, ou lancez « suivi verify »."
    )
    assert "Traceback" not in done.err


@pytest.mark.parametrize("act", ["deactivate", "activate", "resend-link", "rights", "set-password", "create"])
def test_who_may_enter_is_decided_all_the_same(suivi: CommandLine, number: int, act: str) -> None:
    more = {
        "rights": ("--role", "admin"),
        "create": ("--name", "Paul", "--email", "paul@mairie.example"),
        "resend-link": ("--email", "lea.dubois@mairie.example"),
    }
    done = suivi("agent", act, "paul" if act == "create" else "lea", *more.get(act, ()), stdin=PASSWORD.encode())
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(f"suivi : C’est fait. Mais le fait n° {number} ({FUTURE}) ne peut pas ")
    with suivi.opened(catching_up=False) as installation:
        agent = installation.office.directory.agent("paul" if act == "create" else "lea")
        assert agent.active is (act != "deactivate")
        assert ("admin" in agent.rights.roles) is (act == "rights")
        assert installation.credentials.emails(["lea"])["lea"] == (
            "lea.dubois@mairie.example" if act == "resend-link" else "lea@mairie.example"
        )


def test_a_program_is_let_in_all_the_same(suivi: CommandLine, number: int) -> None:
    done = suivi("api-client", "create", "site", "--scope", "intake")
    assert done.code == 1
    assert done.out.strip()
    assert f"C’est fait. Mais le fait n° {number}" in done.err


def test_verify_finds_it(suivi: CommandLine, number: int) -> None:
    done = suivi("verify", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    assert f"{UUID(int=7)} version 1 : fait illisible ({FUTURE})" in done.json["problems"]
    assert number


def test_the_wsgi_application_starts_and_tells_it(suivi: CommandLine, number: int) -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "{'views': 'UnreadableFact'}\n"), done.stderr
    assert suivi.directory.exists()
    assert number


def test_lists_that_cannot_be_written_leave_what_was_done(suivi: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody keeps the lists' file for himself: the account is made, and the command says so."""
    with suivi.opened() as installation:
        views = installation.settings.files["views"]
    monkeypatch.setattr("store.engines.BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(views)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = suivi("agent", "create", "paul", "--name", "Paul", "--email", "paul@mairie.example")
    assert done.code == 1
    assert "/activation/" in done.out
    assert done.err.splitlines()[-1].startswith("suivi : C’est fait. Mais les listes ne le montrent pas encore (")
    with suivi.opened() as installation:
        assert installation.office.directory.agent("paul").active
