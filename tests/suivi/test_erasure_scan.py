"""The residue scan finds what is left of finished demands, and only that."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from domain.agent import Agent
from domain.applicant import Applicant
from domain.facts import Command
from domain.instants import micros
from domain.intake import Form
from domain.references import demand_id
from domain.rights import Rights, Role
from store.operations import Operation
from suivi.compose import Installation
from suivi.residue import residue
from tests.suivi.conftest import CommandLine


def command(installation: Installation, actor: str) -> Command:
    return Command(actor, installation.clock(), str(uuid4()))


def agent_of(installation: Installation) -> Agent:
    directory = installation.office.directory
    rights = Rights(frozenset({Role.AGENT}), frozenset({"État civil"}))
    directory.register_agent(command(installation, "system:test"), "camille", "Camille Martin", rights)
    return directory.agent("camille")


def closed(
    installation: Installation,
    letter: tuple[str, str] | None = None,
    *,
    email: str | None = None,
    sent: bool = True,
) -> str:
    """A demand from its form to its closure; its registration receipt left long ago, unless it did not."""
    form = Form("AEN", "desk", Applicant("Kerbrat", "Yann", email=email), {}, "test")
    reference = installation.office.intake.submit(command(installation, "api:test"), form).reference
    for mail in installation.outbox.of_demand(demand_id(reference)) if sent else ():
        installation.outbox.finish(mail.mail_id, "sent", installation.clock())
        installation.keyring.destroy([mail.mail_id], installation.clock())
    camille = agent_of(installation)
    with installation.office.demand(reference, by=camille, command=command(installation, "agent:camille")) as demand:
        demand.take_in_charge()
    with installation.office.demand(reference, by=camille, command=command(installation, "agent:camille")) as demand:
        demand.close("traitee", letter=letter)
    return reference


def left(installation: Installation, **later: float) -> list[str]:
    return [found.kind for found in residue(installation, installation.clock() + timedelta(**later))]


def test_nothing_is_left_of_a_closed_demand(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        closed(installation)
    done = suivi("erasure", "scan", "--json")
    assert (done.code, done.json) == (0, {"ok": True, "residue": []})
    assert suivi("erasure", "scan").out == "Il ne reste rien des demandes terminées.\n"


def test_open_demands_are_no_residue(town: CommandLine) -> None:
    assert town("erasure", "scan").code == 0


def test_a_pending_closing_mail_is_none_until_its_time_is_over(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        closed(installation, ("Objet", "Corps"), email="yann@example.org")
        assert left(installation) == []
        assert left(installation, hours=72) == ["epoch"]
        assert left(installation, hours=74) == ["mail", "epoch"]


def test_an_epoch_must_turn_within_its_hour(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        closed(installation)
        assert left(installation, minutes=59) == []
        assert left(installation, minutes=61) == ["epoch"]
        installation.keyring.turn()
        assert left(installation, minutes=61) == []


def test_an_old_epoch_file_is_found(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        old = suivi.directory / "keys" / "0123456789abcdef.epoch"
        old.write_bytes(b"x")
        assert left(installation) == []
        assert left(installation, minutes=61) == ["epoch"]


def test_a_key_that_came_back_is_found(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        reference = closed(installation)
    with closing(sqlite3.connect(suivi.directory / "keys.sqlite3")) as connection:
        owner = demand_id(reference).hex
        connection.execute("UPDATE keys SET state='active', epoch=(SELECT name FROM epoch) WHERE owner=?", (owner,))
        connection.commit()
    done = suivi("erasure", "scan", "--json")
    assert done.code == 1
    assert done.json == {
        "ok": False,
        "residue": [
            {"kind": "key", "demand": str(demand_id(reference)), "detail": "la clé de la demande existe encore"}
        ],
    }
    assert "1 key" in done.err


def test_tokens_and_rows_that_stayed_are_found(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        reference = closed(installation)
    with closing(sqlite3.connect(suivi.directory / "views.sqlite3")) as connection:
        _put_back(connection, demand_id(reference).hex, reference)
    done = suivi("erasure", "scan", "--json")
    assert sorted(found["kind"] for found in done.json["residue"]) == ["row", "token"]
    assert "Kerbrat" not in suivi("erasure", "scan").out


def _put_back(connection: sqlite3.Connection, owner: str, reference: str) -> None:
    names = [row[1] for row in connection.execute("PRAGMA table_info(current_demands)")]
    values = dict.fromkeys(names, 0) | {
        "seq": 999_999,
        "demand_id": owner,
        "reference": reference,
        "milestones": b"[]",
        "applicant": b"sealed",
    }
    marks = ",".join("?" * len(names))
    connection.execute(f"INSERT INTO current_demands VALUES ({marks})", [values[name] for name in names])  # noqa: S608
    connection.execute("INSERT INTO search_tokens VALUES ('État civil', x'00', 0, 999998)")
    connection.commit()


def test_a_letter_on_its_way_at_closure_is_none_for_a_quarter_of_an_hour(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        reference = closed(installation, sent=False, email="yann@example.org")
        receipt = installation.outbox.of_demand(demand_id(reference))[0]
        assert receipt.kept_until == installation.office.dossier(reference, None).demand.closed_at + timedelta(
            minutes=15
        )
        assert left(installation, minutes=20) == []
        assert left(installation, minutes=80) == ["mail", "epoch"]


@pytest.mark.parametrize("kind", ["acknowledgement", "registration_receipt"])
def test_another_mail_of_a_finished_demand_is_found(suivi: CommandLine, kind: str) -> None:
    with suivi.opened() as installation:
        reference = closed(installation)
        _queue(suivi.directory, demand_id(reference).hex, kind, installation.clock())
        assert left(installation) == ["mail"]


def test_the_key_of_a_mail_without_text_is_found(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        closed(installation, ("Objet", "Corps"), email="yann@example.org")
    with closing(sqlite3.connect(suivi.directory / "events.sqlite3")) as connection:
        connection.execute("UPDATE outbox SET letter=NULL, state='sent'")
        connection.commit()
    with suivi.opened() as installation:
        assert left(installation) == ["key"]


def _queue(directory: Path, owner: str, kind: str, now: datetime) -> None:
    at = micros(now)
    with closing(sqlite3.connect(directory / "events.sqlite3")) as connection:
        connection.execute(
            "INSERT INTO outbox (mail_id, demand_id, kind, letter, state, attempts, queued_at, next_at, leased_until, "
            "kept_until) VALUES (?,?,?,x'00','queued',0,?,?,0,0)",
            (uuid4().hex, owner, kind, at, at),
        )
        connection.commit()


def test_the_key_of_work_on_many_demands_goes_at_its_end(suivi: CommandLine) -> None:
    with suivi.opened() as installation:
        now, identity = installation.clock(), uuid4()
        installation.keyring.mint([identity], "job", now)
        asked = Operation(identity, "camille", "close", 1, now, "/demandes/en-cours", b"box")
        installation.operations.add(asked, ["AEN-0000-0000-0000"])
        assert left(installation) == []
        held = installation.operations.claim(now, timedelta(minutes=1))
        assert held is not None
        installation.operations.abandon(held, now)
        assert left(installation) == ["key"]
