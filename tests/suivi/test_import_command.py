"""Histories from elsewhere: what holds is imported once, what does not is refused by its line, nothing breaks."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.suivi.conftest import EXCERPT, CommandLine


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in EXCERPT.read_text().splitlines()]


def written(tmp_path: Path, histories: list[Any]) -> Path:
    path = tmp_path / "histories.jsonl"
    path.write_text("".join((h if isinstance(h, str) else json.dumps(h)) + "\n" for h in histories))
    return path


def test_an_excerpt_is_imported_whole_and_once(suivi: CommandLine) -> None:
    first = suivi("import", EXCERPT, "--create-missing", "--json")
    assert (first.code, first.err) == (0, "")
    assert first.json == {"read": 12, "imported": 12, "already_present": 0, "refused": []}
    with suivi.opened() as installation:
        head = installation.register.head()
    again = suivi("import", EXCERPT, "--create-missing", "--json")
    assert again.json == {"read": 12, "imported": 0, "already_present": 12, "refused": []}
    with suivi.opened() as installation:
        assert installation.register.head() == head


def test_imported_facts_keep_their_dates_and_send_nothing(town: CommandLine) -> None:
    totals = town("statistics", "--json", "--to", "2026-01-31").json["totals"]
    assert {name: totals[name] for name in ("received", "taken", "closed", "open")} == {
        "received": 12,
        "taken": 9,
        "closed": 5,
        "open": 7,
    }
    with town.opened() as installation:
        assert installation.outbox.counts() == {}
        assert not installation.office.directory.agent("amelie").active


def test_what_was_imported_closed_never_had_a_stored_key(town: CommandLine) -> None:
    with town.opened() as installation:
        assert len(installation.keyring.active("demand")) == 7
    everything = b"".join(f.read_bytes() for f in town.directory.rglob("*") if f.is_file())
    for name in ("Lefèvre", "Garnier", "odile.lefevre", "Korrigans", "livret de famille demandée"):
        assert name.encode() not in everything


def test_a_gzipped_file_is_read_as_well(suivi: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "histories.jsonl.gz"
    path.write_bytes(gzip.compress(EXCERPT.read_bytes()))
    assert suivi("import", path, "--create-missing", "--json").json["imported"] == 12


@pytest.mark.parametrize("cut", [-1, -9, 40, 12, 5])
def test_a_truncated_archive_imports_nothing(suivi: CommandLine, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "histories.jsonl.gz"
    path.write_bytes(gzip.compress(EXCERPT.read_bytes())[:cut])
    done = suivi("import", path, "--create-missing")
    assert done.code == 1
    assert "abîmé ou tronqué" in done.err
    assert suivi("statistics", "--json").json["totals"]["received"] == 0


def test_unknown_agents_are_refused_without_create_missing(suivi: CommandLine) -> None:
    done = suivi("import", EXCERPT, "--json")
    assert done.code == 1
    assert done.json["imported"] == 2
    assert all("agent inconnu" in refused["reason"] for refused in done.json["refused"])
    assert len(done.json["refused"]) == 10


def test_an_unknown_procedure_is_refused_or_made_without_delays(suivi: CommandLine, tmp_path: Path) -> None:
    path = written(tmp_path, [lines()[3] | {"procedure": "WABO-GENERAL"}])
    done = suivi("import", path, "--json")
    assert done.json["refused"] == [
        {"line": 1, "reason": "démarche inconnue : WABO-GENERAL (--create-missing la crée)"}
    ]
    assert suivi("import", path, "--create-missing").code == 0
    (made,) = [procedure for procedure in suivi("procedure", "export").json if procedure["code"] == "WABO-GENERAL"]
    assert (made["service"], made["take_delay_days"], made["close_delay_days"]) == ("Import", None, None)


def foreign(external_id: str) -> dict[str, Any]:
    """A history in another town's words."""
    words = {"event_type": "T02 Check", "reason": "stop indication", "outcome": "akkoord"}
    history = [step | {name: word for name, word in words.items() if step.get(name)} for step in lines()[0]["history"]]
    return lines()[0] | {"external_id": external_id, "history": history}


def test_words_from_elsewhere_are_kept_and_not_offered_to_agents(suivi: CommandLine, tmp_path: Path) -> None:
    with suivi.opened() as installation:
        before = installation.office.directory.townhall()
    assert suivi("import", written(tmp_path, [foreign("one")]), "--create-missing").code == 0
    assert suivi("import", written(tmp_path, [foreign("two")]), "--json").json["imported"] == 1
    with suivi.opened() as installation:
        after = installation.office.directory.townhall()
    for vocabulary, word in (("event_type", "T02 Check"), ("reason", "stop indication"), ("outcome", "akkoord")):
        assert after.vocabularies[vocabulary] == before.vocabularies[vocabulary] | {word: word}
        assert after.offered(vocabulary) == before.offered(vocabulary)


def changed(**changes: Any) -> dict[str, Any]:
    return lines()[0] | {"external_id": "changed"} | changes


def steps(*chosen: int, **changes: Any) -> dict[str, Any]:
    history = lines()[0]["history"]
    return changed(history=[history[number] | changes for number in chosen])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "JSON illisible"),
        ("null", "on attend object"),
        ('{"external_id": "x"}', "il manque le champ"),
        (changed(external_id=3), "external_id : on attend str, pas int"),
        (changed(procedure="aen"), "procedure : "),
        (changed(channel="Internet!"), "channel : "),
        (changed(submitted_at="2025-03-03T09:15:00"), "submitted_at : "),
        (changed(submitted_at="yesterday"), "submitted_at : "),
        (changed(applicant={"last_name": "Secret"}), "applicant : il manque le champ « first_name »"),
        (changed(applicant={"last_name": "A", "first_name": "B", "email": "Secret"}), "applicant.email : "),
        (changed(applicant={"last_name": "A", "first_name": "B", "civility": "Secret"}), "applicant.civility : "),
        (changed(submitted_at="2025-03-05T00:00:00+01:00"), "étape 1 : sa date précède"),
        (steps(0, 2, 1), "étape 3 : sa date précède"),
        (steps(1), None),
        (steps(2), "PutOnHold est impossible quand la demande est NON_TRAITEE"),
        (steps(4), "Closed est impossible quand la demande est NON_TRAITEE"),
        (steps(0, 2, 4), "Closed est impossible quand la demande est EN_ATTENTE"),
        (steps(0, 0), "TakenInCharge est impossible"),
        (steps(0, 4, 4), "Closed est impossible quand la demande est CLOTUREE"),
        (steps(1, event_type=None), "event_type manque"),
        (steps(0, 2, reason=None), "reason manque"),
        (steps(0, action="fly"), "action : "),
        (steps(1, event_type="appel 0612345678"), "event_type : "),
        (steps(0, agent="Odile Lefèvre"), "agent : "),
    ],
)
def test_a_line_that_does_not_hold_is_refused_whole_and_the_rest_goes_on(
    suivi: CommandLine, tmp_path: Path, line: Any, said: str | None
) -> None:
    done = suivi("import", written(tmp_path, [lines()[3], line, lines()[11]]), "--create-missing", "--json")
    if said is None:
        assert (done.code, done.json["imported"]) == (0, 3)
        return
    assert done.code == 1
    assert done.json["imported"] == 2
    ((number, reason),) = [(refused["line"], refused["reason"]) for refused in done.json["refused"]]
    assert number == 2
    assert said in reason
    assert "Secret" not in reason + done.err
    assert suivi("statistics", "--json").json["totals"]["received"] == 2


def test_the_same_case_twice_in_a_file_is_one_demand(suivi: CommandLine, tmp_path: Path) -> None:
    done = suivi("import", written(tmp_path, [lines()[3], lines()[3]]), "--json")
    assert done.json == {"read": 2, "imported": 1, "already_present": 1, "refused": []}


def test_a_report_is_printed_for_people(suivi: CommandLine, tmp_path: Path) -> None:
    done = suivi("import", written(tmp_path, [lines()[3], "{"]))
    assert done.out == "2 lignes lues, 1 importée, 0 déjà présente.\n  ligne 2 : JSON illisible ou tronqué\n"
    assert done.err == "suivi : 1 ligne refusée sur 2 ; les autres sont importées.\n"
    again = suivi("import", written(tmp_path, [lines()[3], "{"]))
    assert again.err == "suivi : 1 ligne refusée sur 2 ; les autres étaient déjà présentes.\n"


def test_the_same_complaint_a_hundred_times_is_told_twenty_times_and_counted(
    suivi: CommandLine, tmp_path: Path
) -> None:
    path = written(tmp_path, [*["{"] * 100, *["null"] * 23])
    done = suivi("import", path)
    assert done.out.splitlines() == [
        "123 lignes lues, 0 importée, 0 déjà présente.",
        *(f"  ligne {number} : JSON illisible ou tronqué" for number in range(1, 21)),
        "  et 80 autres lignes : JSON illisible ou tronqué",
        "  et 23 autres lignes : on attend object, pas null",
    ]
    assert done.err == "suivi : 123 lignes refusées sur 123 ; rien n’est importé.\n"
    assert len(suivi("import", path, "--json").json["refused"]) == 123


def test_complaints_that_all_differ_are_cut_short(suivi: CommandLine, tmp_path: Path) -> None:
    unknown = [lines()[3] | {"external_id": str(number), "procedure": f"P{number:03d}"} for number in range(50)]
    said = suivi("import", written(tmp_path, unknown)).out.splitlines()
    assert len(said) == 1 + 20 + 20 + 1
    assert said[-1] == "  et 10 autres lignes, pour d’autres raisons (--json les donne toutes)"


def test_a_missing_file_is_named(suivi: CommandLine, tmp_path: Path) -> None:
    done = suivi("import", tmp_path / "absent.jsonl")
    assert done.code == 1
    assert done.err == "suivi : absent.jsonl ne peut pas être lu : il n’existe pas.\n"
    assert suivi("import", tmp_path).err == f"suivi : {tmp_path.name} ne peut pas être lu : c’est un dossier.\n"


def test_a_database_that_stops_an_import_leaves_what_was_imported_before(suivi: CommandLine, tmp_path: Path) -> None:
    histories = [line | {"external_id": str(number)} for number, line in enumerate([lines()[1]] * 60)]
    assert suivi("import", written(tmp_path, histories[:2]), "--create-missing").code == 0
    with sqlite3.connect(suivi.directory / "events.sqlite3") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON intake_keys WHEN (SELECT count(*) FROM intake_keys) >= 52 "
            "BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    done = suivi("import", written(tmp_path, histories))
    assert (done.code, done.out) == (1, "")
    assert "les lignes importées avant le restent, relancez la commande pour les autres" in done.err
    with sqlite3.connect(suivi.directory / "events.sqlite3") as connection:
        connection.execute("DROP TRIGGER full")
    again = suivi("import", written(tmp_path, histories), "--json").json
    assert (again["imported"], again["already_present"], again["refused"]) == (10, 50, [])
