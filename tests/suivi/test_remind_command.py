"""``suivi remind`` against a few independent lines over the same file, now and under other delays."""

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.databases import KINDS, addresses, emptied_database
from tests.suivi.conftest import EXCERPT, REAL_HISTORIES, CommandLine

PARIS = ZoneInfo("Europe/Paris")
TAKE, CLOSE, EVERY = 3, 10, 7


@pytest.fixture(params=KINDS)
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A town hall with the shipped catalogue, on either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("suivi")
        return
    town: CommandLine = request.getfixturevalue("new_town")
    with emptied_database() as url:
        for name, value in addresses(url).items():
            monkeypatch.setenv(name, value)
        assert town("init", "--name", "Mairie de Saint-Aubin").code == 0
        yield town


def histories(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def add(moment: datetime, days: int) -> datetime:
    """The same local time, calendar days later (none of these dates falls into a change of clocks)."""
    local = moment.astimezone(PARIS)
    return datetime.combine(local.date() + timedelta(days), local.time(), PARIS)


def mondays_to_fridays_at_8(moment: datetime) -> datetime:
    day = moment.astimezone(PARIS).date()
    while True:
        at = datetime(day.year, day.month, day.day, 8, tzinfo=PARIS)
        if at >= moment and day.weekday() < 5:
            return at
        day += timedelta(1)


def expected(file: Path, now: datetime) -> dict[str, list[tuple[str, str, str]]]:
    """By external id: kind, due date and occurrence of what is due, counted by hand."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for history in histories(file):
        kind, due = standing(history, now)
        if due is None:
            continue
        occurrences = [mondays_to_fridays_at_8(add(due, n * EVERY)) for n in range((now - due).days // EVERY + 2)]
        past = [at for at in occurrences if at <= now]
        if past:
            found[history["external_id"]] = [(kind, written(due), written(past[-1]))]
    return found


def standing(history: dict[str, Any], now: datetime) -> tuple[str, datetime | None]:
    """What the demand waited for at an instant, and until when at most."""
    since, held, taken, waits = datetime.fromisoformat(history["submitted_at"]), timedelta(), None, None
    for step in [step for step in history["history"] if datetime.fromisoformat(step["at"]) <= now]:
        at = datetime.fromisoformat(step["at"])
        match step["action"]:
            case "take_in_charge":
                taken = at
            case "put_on_hold" | "close":
                waits = at
            case "resume":
                held, waits = held + (at - (waits or at)), None
    if waits or since > now:
        return "", None
    if taken:
        return "in_progress", add(taken, CLOSE).astimezone(UTC) + held
    return "untreated", add(since, TAKE)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def give_delays(suivi: CommandLine, tmp_path: Path) -> None:
    """Delays for what was imported, through ``suivi procedure import``."""
    definitions = suivi("procedure", "export").json
    for definition in definitions:
        definition |= {"take_delay_days": TAKE, "close_delay_days": CLOSE, "delay_calendar": "calendar"}
    file = tmp_path / "procedures.json"
    file.write_text(json.dumps(definitions))
    assert suivi("procedure", "import", file).code == 0


def due(suivi: CommandLine, file: Path, now: str, *options: str) -> dict[str, list[tuple[str, str, str]]]:
    answer = suivi("remind", "--now", now, "--json", *options).json
    assert datetime.fromisoformat(answer["now"]) == datetime.fromisoformat(now)
    with suivi.opened({name: os.environ[name] for name in addresses("") if name in os.environ}) as installation:
        names = {
            installation.office.intake.fingerprint_of("import", h["external_id"]): h["external_id"]
            for h in histories(file)
        }
        references = {ref: names[key] for key, ref in installation.register.references(list(names)).items()}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in answer["reminders"]:
        found.setdefault(references[one["reference"]], []).append((one["kind"], one["due_at"], one["occurrence"]))
    return found


@pytest.mark.parametrize("now", ["2025-07-16T12:00:00+02:00", "2025-04-09T07:59:59+02:00", "2025-08-01T12:00:00+02:00"])
def test_what_is_due_equals_a_count_by_hand(town: CommandLine, tmp_path: Path, now: str) -> None:
    give_delays(town, tmp_path)
    counted = expected(EXCERPT, datetime.fromisoformat(now))
    assert due(town, EXCERPT, now, "--dry-run") == counted
    assert counted


@pytest.mark.skipif(
    not REAL_HISTORIES.is_file(), reason=f"the histories are not beside the project: {REAL_HISTORIES.name}"
)
@pytest.mark.xdist_group("real-histories")
def test_what_is_due_of_real_histories_equals_a_count_by_hand(anywhere: CommandLine, tmp_path: Path) -> None:
    suivi, file = anywhere, REAL_HISTORIES
    assert suivi("import", file, "--create-missing", "--json").json["imported"] == 1434
    give_delays(suivi, tmp_path)
    numbers = []
    for now in ("2011-03-21T09:00:00+01:00", "2011-10-12T18:00:00+02:00", "2012-01-20T08:00:00+01:00"):
        counted = expected(file, datetime.fromisoformat(now))
        assert due(suivi, file, now, "--dry-run") == counted
        numbers.append(len(counted))
    assert min(numbers) > 10


def test_a_run_does_what_the_dry_run_showed_and_only_once(town: CommandLine, tmp_path: Path) -> None:
    give_delays(town, tmp_path)
    now = "2026-08-03T12:00:00+02:00"
    shown = town("remind", "--now", now, "--dry-run", "--json").json
    done = town("remind", "--now", now, "--json").json
    assert shown == done
    assert done["reminders"]
    assert town("remind", "--now", now, "--json").json["reminders"] == []
    reference = done["reminders"][0]["reference"]
    (fact,) = [f for f in town("replay", reference, "--json").json["history"] if f["kind"] == "Reminded"]
    assert fact["data"]["occurrence"] == done["reminders"][0]["occurrence"]
    assert fact["at"] == done["now"]
    assert fact["actor"] == "system:remind"


def test_a_past_run_leaves_finished_demands_alone(town: CommandLine, tmp_path: Path) -> None:
    give_delays(town, tmp_path)
    now = "2025-07-16T12:00:00+02:00"
    shown = town("remind", "--now", now, "--dry-run", "--json").json["reminders"]
    done = town("remind", "--now", now, "--json").json["reminders"]
    assert len(done) < len(shown)
    assert [one for one in shown if one in done] == done


def test_the_table_says_why(town: CommandLine, tmp_path: Path) -> None:
    give_delays(town, tmp_path)
    done = town("remind", "--now", "2025-08-01T12:00:00+02:00", "--dry-run")
    assert done.out.startswith("Au 01/08/2025 12:00:00, ")
    assert "Référence" in done.out
    assert "à clôturer" in done.out
    assert (
        town("remind", "--now", "2024-01-01", "--dry-run").out == "Au 01/01/2024 00:00:00, aucune relance n’est due.\n"
    )


def what_if(town: CommandLine, *options: str) -> Any:
    return town("remind", "--from", "2025-03-01", "--to", "2025-07-31", *options, "--dry-run", "--json").json


def test_a_period_under_other_delays_is_counted_day_by_day(anywhere: CommandLine, tmp_path: Path) -> None:
    town = anywhere
    assert town("import", EXCERPT, "--create-missing").code == 0
    give_delays(town, tmp_path)
    sent: dict[str, set[tuple[str, str]]] = {}
    day = date(2025, 3, 1)
    while day < date(2025, 8, 1):
        for name, found in expected(EXCERPT, datetime(day.year, day.month, day.day, 8, tzinfo=PARIS)).items():
            if day.weekday() < 5:
                sent.setdefault(name, set()).update((kind, at) for kind, _, at in found)
        day += timedelta(1)
    answer = what_if(town)
    assert answer["total"] == len(answer["reminders"]) == sum(map(len, sent.values()))
    assert (answer["from"], answer["to"], answer["delays"]) == ("2025-03-01", "2025-07-31", {})


def test_shorter_delays_remind_more_often_and_change_nothing(town: CommandLine) -> None:
    usual, short = what_if(town), what_if(town, "--delay", "AEN=1")
    assert short["total"] > usual["total"]
    assert short["delays"] == {"AEN": 1}
    assert what_if(town) == usual
    text = town("remind", "--from", "2025-03-01", "--to", "2025-07-31", "--delay", "AEN=1", "--dry-run").out
    assert text.startswith(f"Du 01/03/2025 au 31/07/2025, {short['total']} relances seraient parties.")
    assert "\nAEN" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2025-03-01", "--dry-run"),
        ("--from", "2025-03-01", "--to", "2025-03-02"),
        ("--from", "2025-03-02", "--to", "2025-03-01", "--dry-run"),
        ("--from", "2025-03-01", "--to", "2025-03-02", "--now", "2025-03-01", "--dry-run"),
        ("--delay", "AEN=3"),
        ("--from", "2025-03-01", "--to", "2025-03-02", "--delay", "AEN", "--dry-run"),
        ("--from", "2025-03-01", "--to", "2025-03-02", "--delay", "AEN=0", "--dry-run"),
        ("--now", "hier"),
    ],
)
def test_what_makes_no_sense_is_a_wrong_usage(town: CommandLine, arguments: tuple[str, ...]) -> None:
    done = town("remind", *arguments)
    assert (done.code, done.out) == (2, "")


def test_an_unknown_procedure_is_refused_by_name(town: CommandLine) -> None:
    done = town("remind", "--from", "2025-03-01", "--to", "2025-03-02", "--delay", "XXX=3", "--dry-run")
    assert done.code == 1
    assert "XXX" in done.err
