"""``suivi export``: the journal, the demands, their events and the figures, in four formats; nothing personal."""

import csv
import io
import json
import resource
import signal
import stat
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from domain.demand import Demand
from projections.all_demands import DemandRow
from suivi import exporting
from suivi.exporting import private_file
from suivi.refusals import CommandRefused
from suivi.xes import xes_lines
from tests.suivi.conftest import CommandLine
from web import spreadsheets
from web.columns import COLUMNS as FIGURES
from web.journal_table import COLUMNS

SECRETS = ("Lefèvre", "Odile", "livret de famille", "Acte envoyé", "Korrigans")
XES = {"x": "http://www.xes-standard.org/"}
FACTS = 3


def read(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def written(town: CommandLine, path: Path, *arguments: str) -> bytes:
    """What a command writes into a file."""
    done = town("export", *arguments, "-o", path)
    assert (done.code, done.out) == (0, ""), done.err
    return path.read_bytes()


def test_one_row_a_finished_demand_with_its_milestones(town: CommandLine) -> None:
    done = town("export", "journal", "--format", "csv")
    assert done.code == 0
    rows = read(done.out)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 5
    row = next(row for row in rows if row["Clôturée le"] == "12/03/2025 10:00:00")
    assert (row["Démarche"], row["Service"], row["Statut"], row["Issue"]) == (
        "AEN",
        "État civil",
        "Clôturée",
        "Traitée",
    )
    assert (row["Canal"], row["Agents"]) == ("Internet", "amelie")
    assert row["Jalons"].split(" | ")[2] == "05/03/2025 09:00:00 Événement « Pièce demandée » (amelie)"
    assert row["Jalons"].split(" | ")[3] == "05/03/2025 09:05:00 Mise en attente « Pièce demandée à l’usager » (amelie)"
    reassigned = next(row for row in rows if row["Démarche"] == "ODP")
    assert "Réattribution « bruno » (chloe)" in reassigned["Jalons"]
    assert reassigned["Agents"] == "chloe, bruno"


def test_closing_days_are_inclusive(town: CommandLine) -> None:
    assert len(read(town("export", "journal", "--from", "2025-03-12", "--to", "2025-04-03").out)) == 2
    assert len(read(town("export", "journal", "--from", "2025-07-21").out)) == 0
    assert len(read(town("export", "journal", "--to", "2025-03-04").out)) == 1


def test_all_demands_in_the_order_of_arrival(town: CommandLine) -> None:
    rows = read(town("export", "demands").out)
    assert len(rows) == 12
    assert {row["Statut"] for row in rows} >= {"Clôturée", "En cours", "Non traitée"}
    found = documents(town("export", "demands", "--format", "jsonl").out)
    assert [row["reference"] for row in found] == [row["Référence"] for row in rows]
    assert found[0].keys() == {
        *("reference", "status", "procedure", "service", "agent", "channel"),
        *("submitted_at", "taken_at", "due_at", "closed_at"),
    }
    assert datetime.fromisoformat(found[0]["submitted_at"]).utcoffset() is not None
    march = documents(town("export", "demands", "--format", "jsonl", "--from", "2025-03-03", "--to", "2025-03-03").out)
    assert {row["submitted_at"][:10] for row in march} == {"2025-03-03"}


def test_the_journal_as_json_lines_is_what_the_api_gives(town: CommandLine) -> None:
    found = documents(town("export", "journal", "--format", "jsonl").out)
    assert len(found) == 5
    assert found[0].keys() == {
        *("reference", "procedure", "service", "status", "outcome", "channel", "submitted_at", "taken_at"),
        *("closed_at", "agents", "milestones"),
    }
    assert found[0]["agents"][0].keys() == {"code", "name"}
    assert found[0]["milestones"][0].keys() == {"kind", "at", "agent"}
    told = [step for row in found for step in row["milestones"]]
    assert {step.get("event_type") for step in told if step["kind"] != "EventAdded"} == {None}
    assert "piece_demandee" in [step["event_type"] for step in told if step["kind"] == "EventAdded"]


def test_one_row_a_fact(town: CommandLine, reference_of: Callable[[str], str]) -> None:
    reference = reference_of("case-1")
    told = town("replay", reference, "--json").json["history"]
    rows = [row for row in read(town("export", "events").out) if row["Référence"] == reference]
    assert [row["Type"] for row in rows] == [fact["kind"] for fact in told]
    assert (rows[0]["Fait"], rows[0]["Date"], rows[0]["Auteur"]) == (
        *("Demande reçue", "03/03/2025 09:15:00", "api:import"),
    )
    found = documents(town("export", "events", "--format", "jsonl").out)
    own = [{name: fact[name] for name in told[0]} for fact in found if fact["reference"] == reference]
    assert own == told


def test_xes_has_one_trace_a_demand_and_one_event_a_fact(town: CommandLine, reference_of: Callable[[str], str]) -> None:
    log = ET.fromstring(town("export", "events", "--format", "xes").out)  # noqa: S314 — our own file
    traces = {values(trace)["concept:name"]: trace for trace in log.iterfind("x:trace", XES)}
    assert len(traces) == 12
    reference = reference_of("case-1")
    told = town("replay", reference, "--json").json["history"]
    events = [values(event) for event in traces[reference].iterfind("x:event", XES)]
    assert [event["concept:name"] for event in events] == [fact["kind"] for fact in told]
    assert [event.get("org:resource") for event in events] == [fact["agent"] for fact in told]
    for event, fact in zip(events, told, strict=True):
        assert datetime.fromisoformat(event["time:timestamp"]) == datetime.fromisoformat(fact["at"])
    assert events[0]["concept:name"] == "Submitted"
    assert values(traces[reference])["procedure"] == "AEN"


def values(element: ET.Element) -> dict[str, str]:
    """The attributes that stand directly in a trace or an event."""
    return {child.attrib["key"]: child.attrib["value"] for child in element if "key" in child.attrib}


def test_a_process_mining_library_reads_the_log(town: CommandLine, tmp_path: Path) -> None:
    log = tmp_path / "log.xes"
    written(town, log, "events", "--format", "xes")
    script = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import sys, pm4py\n"
        "log = pm4py.read_xes(sys.argv[1])\n"
        "counted = log['concept:name'].value_counts().to_dict()\n"
        "import json; print('\\n' + json.dumps([log['case:concept:name'].nunique(), counted]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(log)], capture_output=True, text=True, check=True)
    demands, counted = json.loads(done.stdout.splitlines()[-1])
    told = Counter(fact["kind"] for fact in documents(town("export", "events", "--format", "jsonl").out))
    assert (demands, counted) == (12, dict(told))


def test_figures_are_those_of_the_statistics(town: CommandLine) -> None:
    told = town("statistics", "--by", "procedure", "--json").json
    rows = read(town("export", "statistics", "--by", "procedure").out)
    assert list(rows[0])[2:] == [column.heading for column in FIGURES]
    assert [int(row["Reçues"]) for row in rows] == [
        *(row["received"] for row in told["rows"]),
        told["totals"]["received"],
    ]
    assert rows[-1]["Démarche"] == "Total"
    found = documents(town("export", "statistics", "--format", "jsonl").out)
    assert found[0]["by"] == "month"
    assert (found[-1]["row"], found[-1]["received"]) == ("total", 12)


@pytest.mark.parametrize("what", ["journal", "demands", "events", "statistics"])
def test_a_workbook_has_the_rows_of_the_csv(town: CommandLine, tmp_path: Path, what: str) -> None:
    book = written(town, tmp_path / "a.xlsx", what, "--format", "xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(read(town("export", what).out)) + 1
    assert "<f>" not in sheet
    assert [item.name for item in town.directory.iterdir() if item.name.startswith("export-")] == []


@pytest.mark.parametrize("what", ["journal", "demands", "events", "statistics"])
@pytest.mark.parametrize("shape", ["csv", "jsonl"])
def test_nothing_personal_leaves(town: CommandLine, what: str, shape: str) -> None:
    out = town("export", what, "--format", shape).out
    assert out
    for secret in SECRETS:
        assert secret not in out


def test_nothing_personal_is_in_the_event_log(town: CommandLine) -> None:
    out = town("export", "events", "--format", "xes").out
    for secret in SECRETS:
        assert secret not in out


def test_a_file_is_private_and_appears_whole(town: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    assert written(town, path, "journal") == town("export", "journal").out.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir() if item.name != "var"] == ["journal.csv"]


def test_a_file_that_cannot_be_written_is_said(town: CommandLine, tmp_path: Path) -> None:
    done = town("export", "journal", "-o", tmp_path / "absent" / "journal.csv")
    assert done.code == 1
    assert "absent/journal.csv ne peut pas être écrit : le dossier n’existe pas." in done.err
    (tmp_path / "plain").touch()
    assert "le dossier n’en est pas un" in town("export", "journal", "-o", tmp_path / "plain" / "journal.csv").err


def test_a_file_that_grows_too_large_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    size = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, size[1]))
        with pytest.raises(CommandRefused, match="écrit : le fichier serait trop grand"), private_file(path) as file:
            file.write(b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, size)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


def test_another_fault_is_not_laid_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="the store"), private_file(tmp_path / "a.csv"):
        raise PermissionError("the store")
    assert list(tmp_path.iterdir()) == []


def test_identifiers_in_the_event_log_are_plain_texts() -> None:
    mail, at = UUID(int=7), datetime(2027, 3, 1, tzinfo=UTC)
    row = DemandRow("AEN-1", "CLOTUREE", "AEN", "État civil", None, "internet", at, at, None, at, 2)
    who = {"actor": "system:mail", "command_id": "1", "correlation_id": None}
    sent = Demand.MailSent(
        originator_id=UUID(int=1), originator_version=2, timestamp=at, kind="closure", mail_id=mail, **who
    )
    log = ET.fromstring("".join(xes_lines([(row, [sent])])))  # noqa: S314 — our own file
    (event,) = map(values, log.iterfind(".//x:event", XES))
    assert event["mail_id"] == str(mail)


def test_too_many_rows_for_a_sheet_are_refused_and_leave_nothing(
    town: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", FACTS)
    done = town("export", "events", "--format", "xlsx", "-o", tmp_path / "a.xlsx")
    assert done.code == 1
    assert "--from et --to" in done.err
    assert [item.name for item in tmp_path.iterdir()] == ["var"]


def test_without_the_extra_the_command_says_which_to_install(
    town: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "offers_xlsx", lambda: False)
    done = town("export", "journal", "--format", "xlsx", "-o", tmp_path / "a.xlsx")
    assert done.code == 1
    assert "suivi[xlsx]" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        *(("mails",), ("journal", "--format", "pdf"), (), ("journal", "--from", "x")),
        *(("journal", "--format", "xes"), ("statistics", "--format", "xes"), ("journal", "--by", "month")),
        *(("events", "--from", "2025-03-02", "--to", "2025-03-01"),),
    ],
)
def test_what_does_not_exist_is_a_wrong_usage(town: CommandLine, arguments: tuple[str, ...]) -> None:
    assert town("export", *arguments).code == 2
