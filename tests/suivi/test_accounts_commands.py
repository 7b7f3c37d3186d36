"""Agents and API clients from the command line."""

import re
import shlex
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.rights import Rights, Role
from suivi.opening import by_command_line
from tests.suivi.conftest import CommandLine

LINK = re.compile(r"http://127\.0\.0\.1:8000/activation/([A-Za-z0-9_-]{43})\n")
PASSWORD = "un cheval traverse la place"
AMELIE = ("amelie", "--name", "Amélie Morel", "--email", "amelie@mairie.example")


def created(suivi: CommandLine, *more: str) -> str:
    done = suivi("agent", "create", *AMELIE, *more)
    assert done.code == 0, done.err
    found = LINK.fullmatch(done.out)
    assert found
    return found[1]


def test_a_new_agent_gets_a_link_whole_on_one_line(suivi: CommandLine) -> None:
    token = created(suivi, "--service", "État civil")
    with suivi.opened() as installation:
        assert installation.activations.find(token, installation.clock()) == "amelie"
        assert installation.activations.find(token, installation.clock() + timedelta(days=8)) is None
        assert installation.credentials.email("amelie") == "amelie@mairie.example"
        assert not installation.credentials.has_password("amelie")


def test_the_operator_is_told_whether_the_link_leaves_by_mail(
    suivi: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = suivi("agent", "create", *AMELIE)
    assert "aucun serveur de messagerie n’est réglé" in done.err
    monkeypatch.setenv("SUIVI_SMTP_URL", "smtp://127.0.0.1:1")
    assert "est en attente d’envoi" in suivi("agent", "resend-link", "amelie").err
    with suivi.opened() as installation:
        installation.office.directory.register_agent(by_command_line(), "eva", "Eva", Rights(frozenset({Role.AGENT})))
    done = suivi("agent", "resend-link", "eva")
    assert LINK.fullmatch(done.out)
    assert "n’a pas d’adresse électronique" in done.err


def test_without_a_role_he_is_an_agent(suivi: CommandLine) -> None:
    created(suivi, "--service", "État civil", "--procedure", "AEN")
    (agent,) = suivi("agent", "list", "--json").json
    assert (agent["roles"], agent["services"], agent["procedures"]) == (["agent"], ["État civil"], ["AEN"])
    assert (agent["code"], agent["name"], agent["active"]) == ("amelie", "Amélie Morel", True)


IDLE = "L’agent amelie n’a de droits sur aucune demande : « suivi agent rights amelie --service SERVICE » lui en donne."


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        ((), True),
        (("--role", "head"), True),
        (("--role", "head", "--procedure", "AEN"), True),
        (("--role", "agent", "--role", "admin"), True),
        (("--procedure", "AEN"), False),
        (("--role", "head", "--service", "État civil"), False),
        (("--role", "admin"), False),
        (("--role", "auditor"), False),
    ],
)
def test_an_agent_without_any_demand_is_told_of(suivi: CommandLine, options: tuple[str, ...], *, idle: bool) -> None:
    done = suivi("agent", "create", *AMELIE, *options)
    assert done.code == 0
    assert LINK.fullmatch(done.out)
    assert (IDLE in done.err.splitlines()) is idle


def test_rights_that_end_empty_are_told_of(suivi: CommandLine) -> None:
    created(suivi, "--service", "État civil")
    assert suivi("agent", "rights", "amelie", "--procedure", "AEN").err == ""
    assert suivi("agent", "rights", "amelie", "--service", "").err == ""
    done = suivi("agent", "rights", "amelie", "--procedure", "")
    assert (done.code, done.out, done.err) == (0, "", IDLE + "\n")


@pytest.mark.parametrize(
    ("option", "value", "known"),
    [("--service", "Etat civil", "État civil, Urbanisme"), ("--procedure", "ZZZ", "AEN, ATA")],
)
def test_an_unknown_service_or_procedure_is_refused_with_the_known_ones(
    suivi: CommandLine, option: str, value: str, known: str
) -> None:
    done = suivi("agent", "create", *AMELIE, option, value)
    assert done.code == 1
    assert value in done.err
    assert known in done.err
    assert suivi("agent", "list", "--json").json == []


@pytest.mark.parametrize("email", ["amelie", "a@b.example,c@d.example", "a@b.example\nBcc: x@y.example", ""])
def test_one_address_only(suivi: CommandLine, email: str) -> None:
    assert suivi("agent", "create", "amelie", "--name", "A", "--email", email).code == 2


@pytest.mark.parametrize(("code", "name"), [("a b", "A"), ("é", "A"), ("a", " "), ("a", "A\nB"), ("x" * 41, "A")])
def test_an_impossible_code_or_name_is_refused(suivi: CommandLine, code: str, name: str) -> None:
    done = suivi("agent", "create", code, "--name", name, "--email", "a@b.example")
    assert done.code == 1
    assert done.err.startswith("suivi : ")


def test_the_readmes_commands_make_an_administrator_and_an_agent_of_a_service(suivi: CommandLine) -> None:
    lines = (Path(__file__).parents[2] / "README.md").read_text("utf-8").splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith(".venv/bin/suivi agent create")]
    assert [suivi(*command).code for command in commands] == [0, 0]
    agents = suivi("agent", "list", "--json").json
    assert [(one["roles"], one["services"]) for one in agents] == [(["admin"], []), (["agent"], ["État civil"])]


def test_an_agent_is_created_once(suivi: CommandLine) -> None:
    created(suivi)
    done = suivi("agent", "create", *AMELIE)
    assert done.code == 1
    assert "existe déjà" in done.err


def test_a_password_is_the_first_line_of_stdin(suivi: CommandLine) -> None:
    created(suivi)
    assert suivi("agent", "deactivate", "amelie").code == 0
    done = suivi("agent", "set-password", "amelie", stdin=f"{PASSWORD}\r\nsecond line\n".encode())
    assert (done.code, done.out) == (0, "")
    with suivi.opened() as installation:
        assert installation.credentials.check("amelie", PASSWORD)
        assert installation.office.directory.agent("amelie").active


@pytest.mark.parametrize("typed", [b"court\n", b"", b"azertyuiop1234\xff\n", b"x" * 200, b"amelie.morel1234"])
def test_a_weak_password_is_refused(suivi: CommandLine, typed: bytes) -> None:
    created(suivi)
    done = suivi("agent", "set-password", "amelie", stdin=typed)
    assert done.code == 1
    with suivi.opened() as installation:
        assert not installation.credentials.has_password("amelie")


def test_an_unknown_agent_is_said_to_be_unknown(suivi: CommandLine) -> None:
    for arguments in (("set-password", "x"), ("deactivate", "x"), ("activate", "x"), ("resend-link", "x")):
        done = suivi("agent", *arguments, stdin=f"{PASSWORD}\n".encode())
        assert done.code == 1
        assert "Aucun agent" in done.err
    assert suivi("agent", "rights", "x", "--role", "head").code == 1


def test_a_deactivated_agent_is_out_at_once_and_comes_back(suivi: CommandLine) -> None:
    created(suivi)
    with suivi.opened() as installation:
        token = installation.sessions.open("amelie", installation.clock(), "token")
    assert suivi("agent", "deactivate", "amelie").code == 0
    with suivi.opened() as installation:
        hours = timedelta(hours=10)
        assert installation.sessions.find(token, installation.clock(), hours, hours) is None
        assert not installation.office.directory.agent("amelie").active
    assert suivi("agent", "resend-link", "amelie").code == 1
    assert suivi("agent", "activate", "amelie").code == 0
    assert suivi("agent", "list", "--json").json[0]["active"]


def test_another_link_ends_the_first_one(suivi: CommandLine) -> None:
    first = created(suivi)
    done = suivi("agent", "resend-link", "amelie", "--email", "a.morel@mairie.example")
    second = LINK.fullmatch(done.out)
    assert second
    with suivi.opened() as installation:
        assert installation.activations.find(first, installation.clock()) is None
        assert installation.activations.find(second[1], installation.clock()) == "amelie"
        assert installation.credentials.email("amelie") == "a.morel@mairie.example"


def test_given_rights_replace_their_list_and_leave_the_others(suivi: CommandLine) -> None:
    created(suivi, "--service", "État civil", "--procedure", "AEN")
    assert suivi("agent", "rights", "amelie", "--role", "head", "--role", "admin").code == 0
    assert suivi("agent", "rights", "amelie", "--procedure", "").code == 0
    (agent,) = suivi("agent", "list", "--json").json
    assert (agent["roles"], agent["services"], agent["procedures"]) == (["admin", "head"], ["État civil"], [])
    assert suivi("agent", "rights", "amelie", "--service", "Piscine").code == 1
    assert suivi("agent", "rights", "amelie").code == 2
    assert suivi("agent", "rights", "amelie", "--role", "mayor").code == 2


def test_the_list_reads_well(suivi: CommandLine) -> None:
    created(suivi)
    heading, line, row = suivi("agent", "list").out.splitlines()
    assert heading.startswith("Code    Nom           Actif")
    assert set(line) <= {"─", " "}
    assert row.startswith("amelie  Amélie Morel  oui")


def test_a_client_gets_its_token_alone_on_stdout(suivi: CommandLine) -> None:
    done = suivi("api-client", "create", "site-web", "--scope", "intake", "--scope", "read")
    assert (done.code, done.err) == (0, "")
    with suivi.opened() as installation:
        client = installation.clients.find(done.out.strip())
        assert client is not None
        assert (client.name, client.scopes) == ("site-web", {"intake", "read"})
    assert done.out.strip().encode() not in b"".join(f.read_bytes() for f in suivi.directory.rglob("*") if f.is_file())
    assert suivi("api-client", "create", "site-web", "--scope", "read").code == 1
    assert suivi("api-client", "create", "import", "--scope", "read").code == 1
    assert suivi("api-client", "create", "site web", "--scope", "read").code == 1
    assert suivi("api-client", "create", "other").code == 2
    assert suivi("api-client", "create", "other", "--scope", "write").code == 2


def test_clients_are_listed_and_revoked(suivi: CommandLine) -> None:
    for name in ("site-web", "infocentre"):
        suivi("api-client", "create", name, "--scope", "read", "--scope", "intake")
    found = suivi("api-client", "list", "--json").json
    assert [(one["name"], one["scopes"]) for one in found] == [
        ("infocentre", ["intake", "read"]),
        ("site-web", ["intake", "read"]),
    ]
    assert all(datetime.fromisoformat(one["created_at"]).utcoffset() is not None for one in found)
    assert suivi("api-client", "list").out.splitlines()[2].startswith("infocentre  intake, read  ")
    done = suivi("api-client", "revoke", "site-web")
    assert (done.code, done.out, done.err) == (0, "", "")
    again = suivi("api-client", "revoke", "site-web")
    assert (again.code, again.err) == (
        1,
        "suivi : Aucun client d’API ne s’appelle site-web : « suivi api-client list » les donne.\n",
    )
    assert [one["name"] for one in suivi("api-client", "list", "--json").json] == ["infocentre"]
