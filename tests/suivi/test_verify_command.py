"""A whole history passes; every kind of damage is found and located."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from domain.references import demand_id
from tests.suivi.conftest import CommandLine

Find = Callable[[str], str]
EARLIER = (
    "UPDATE stored_events SET state=CAST(replace(state, '2025-03-12', '2024-03-12') AS BLOB) "
    "WHERE originator_id=:id AND originator_version=5"
)


def damage(town: CommandLine, store: str, *statements: str, **parameters: object) -> None:
    with closing(sqlite3.connect(town.directory / f"{store}.sqlite3")) as connection:
        for statement in statements:
            assert connection.execute(statement, parameters).rowcount, statement
        connection.commit()


def problems(town: CommandLine) -> list[str]:
    done = town("verify", "--json")
    assert done.code == 1
    assert not done.json["ok"]
    assert done.err.startswith("suivi : ")
    found: list[str] = done.json["problems"]
    return found


def test_a_town_that_lives_is_whole(town: CommandLine) -> None:
    done = town("verify", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["ok"]
    assert done.json["demands"] == 12
    assert done.json["facts"] > 50
    assert done.json["problems"] == []
    assert not list(town.directory.glob("verify-*"))
    assert "12 demandes vérifiés" in town("verify").out


def test_an_empty_town_is_whole(suivi: CommandLine) -> None:
    assert suivi("verify").code == 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM stored_events WHERE originator_id=:id AND originator_version=3", "version 3 manquante"),
        ("UPDATE stored_events SET state=x'7b7d' WHERE originator_id=:id AND originator_version=3", "fait illisible"),
        (
            "UPDATE stored_events SET topic='demand.flown:1' WHERE originator_id=:id AND originator_version=3",
            "illisible",
        ),
        (
            "UPDATE stored_events SET topic='demand.resumed:1' WHERE originator_id=:id AND originator_version=2",
            "Resumed impossible pour une demande NON_TRAITEE",
        ),
        ("UPDATE stored_events SET state='text' WHERE originator_id=:id AND originator_version=3", "fait illisible"),
        ("DELETE FROM stored_events WHERE originator_id=:id AND originator_version=7", "sans effacement"),
        (
            EARLIER,
            "précède le fait d’avant",
        ),
    ],
)
def test_a_tampered_history_is_located(town: CommandLine, reference_of: Find, statement: str, said: str) -> None:
    damage(town, "events", statement, id=demand_id(reference_of("case-1")).hex)
    assert any(said in problem for problem in problems(town)), problems(town)


def test_swapped_facts_are_found(town: CommandLine, reference_of: Find) -> None:
    move = "UPDATE stored_events SET originator_version={} WHERE originator_id=:id AND originator_version={}"
    damage(
        town,
        "events",
        move.format(99, 2),
        move.format(2, 4),
        move.format(4, 99),
        id=demand_id(reference_of("case-1")).hex,
    )
    assert any("impossible pour une demande" in problem for problem in problems(town))


def test_a_history_under_another_identity_is_found(town: CommandLine, reference_of: Find) -> None:
    damage(
        town,
        "events",
        "UPDATE stored_events SET originator_id=:other WHERE originator_id=:id",
        id=demand_id(reference_of("case-4")).hex,
        other="0" * 32,
    )
    assert any("00000000-0000-0000-0000-000000000000" in problem for problem in problems(town))


def test_facts_cut_from_the_end_are_missed(town: CommandLine) -> None:
    damage(
        town,
        "events",
        "DELETE FROM stored_events WHERE notification_id=(SELECT MAX(notification_id) FROM stored_events)",
    )
    assert any("manquants à la fin" in problem for problem in problems(town))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE current_demands SET agent='bruno' WHERE agent='chloe'", "diffère : agent"),
        ("UPDATE journal SET outcome='refusee' WHERE outcome='traitee'", "diffère : outcome"),
        ("DELETE FROM journal WHERE outcome='refusee'", "manque"),
        ("DELETE FROM search_tokens WHERE seq=(SELECT MIN(seq) FROM search_tokens)", "vue search_tokens"),
        ("UPDATE daily_counts SET received=received+1", "diffère : received"),
        ("UPDATE open_counts SET n=n+1", "diffère : n"),
        ("DELETE FROM agents WHERE code='bruno'", "vue agents bruno : manque"),
        ("INSERT INTO journal_marks VALUES ('agent:x', 1, 1)", "en trop"),
        ("UPDATE delay_buckets SET n=n+1", "diffère : n"),
        ("DELETE FROM status_intervals", "vue status_intervals"),
    ],
)
def test_read_models_that_say_otherwise_are_found(town: CommandLine, statement: str, said: str) -> None:
    damage(town, "views", statement)
    assert any(said in problem for problem in problems(town)), problems(town)


def test_a_key_that_outlives_its_demand_is_found(town: CommandLine, reference_of: Find) -> None:
    identity = demand_id(reference_of("case-1"))
    with town.opened() as installation:
        installation.keyring.mint([identity], "demand", installation.clock())
    assert problems(town) == [f"{identity} : demande terminée dont la clé existe encore"]


def test_a_key_may_outlive_its_demand_for_a_minute(town: CommandLine, reference_of: Find) -> None:
    """Between the closure and the end of the key, or until the sweep after a crash, nothing is damaged."""
    with town.opened() as installation:
        just_now = installation.clock().isoformat()
        steps = [{"at": just_now, "agent": "amelie", "action": action} for action in ("take_in_charge", "close")]
        applicant = {"last_name": "Lefèvre", "first_name": "Odile"}
        line = {"external_id": "just-closed", "procedure": "AEN", "channel": "internet", "submitted_at": just_now}
        line |= {"applicant": applicant, "answers": {}, "history": steps}
        histories = town.directory / "just-closed.jsonl"
        histories.write_text(json.dumps(line))
        assert town("import", histories).code == 0
        installation.keyring.mint([demand_id(reference_of("just-closed"))], "demand", installation.clock())
    done = town("verify", "--json")
    assert (done.code, done.json["problems"]) == (0, [])


def test_a_damaged_file_is_found(town: CommandLine) -> None:
    path = town.directory / "accounts.sqlite3"
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 8_192)
    done = town("verify")
    assert done.code == 1
    assert "Traceback" not in done.err


def test_problems_repeat_nothing_personal(town: CommandLine) -> None:
    damage(town, "events", 'UPDATE stored_events SET state=\'{"applicant":"Odile Lefèvre"}\'')
    done = town("verify")
    assert done.code == 1
    assert "Lefèvre" not in done.out + done.err
    assert "Traceback" not in done.err


CLOSE_SOME = """
from uuid import uuid4
from domain.applicant import Applicant
from domain.facts import Command
from domain.intake import Form
from domain.rights import Rights, Role
from suivi.opening import now, opened

def command(actor):
    return Command(actor, now(), str(uuid4()))

with opened() as installation:
    office, rights = installation.office, Rights(frozenset({Role.AGENT}), frozenset({"État civil"}))
    office.directory.register_agent(command("system:test"), "camille", "Camille", rights)
    camille = office.directory.agent("camille")
    print("begun", flush=True)
    for number in range(40):
        form = Form("AEN", "desk", Applicant(f"Kerbrat{number}", "Yann"), {}, "test")
        reference = office.intake.submit(command("api:test"), form).reference
        for decide in (lambda demand: demand.take_in_charge(), lambda demand: demand.close("traitee")):
            with office.demand(reference, by=camille, command=command("agent:camille")) as demand:
                decide(demand)
"""


def test_others_may_write_meanwhile_and_lose_nothing(town: CommandLine) -> None:
    """Commands come and go beside a process that writes: each sees one pinned position, and every fact stays."""
    with subprocess.Popen([sys.executable, "-c", CLOSE_SOME], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        while writer.poll() is None:
            assert town("verify", "--json").json["problems"] == []
    assert writer.returncode == 0
    done = town("verify", "--json")
    assert (done.json["demands"], done.json["problems"]) == (52, [])
    assert town("erasure", "scan").code == 0
