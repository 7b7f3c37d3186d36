"""The journal as a CSV file for a French spreadsheet."""

import csv
import io
import stat
from pathlib import Path

import pytest

from suivi.exporting import COLUMNS, written_rows
from tests.suivi.conftest import CommandLine


def read(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))


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
    for secret in ("Lefèvre", "livret de famille", "Acte envoyé"):
        assert secret not in done.out


def test_closing_days_are_inclusive(town: CommandLine) -> None:
    assert len(read(town("export", "journal", "--from", "2025-03-12", "--to", "2025-04-03").out)) == 2
    assert len(read(town("export", "journal", "--from", "2025-07-21").out)) == 0
    assert len(read(town("export", "journal", "--to", "2025-03-04").out)) == 1


def test_a_file_is_private_and_appears_whole(town: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    done = town("export", "journal", "-o", path)
    assert (done.code, done.out) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == town("export", "journal").out.encode()
    assert [item.name for item in tmp_path.iterdir() if item.name != "var"] == ["journal.csv"]


def test_a_file_that_cannot_be_written_is_said(town: CommandLine, tmp_path: Path) -> None:
    done = town("export", "journal", "-o", tmp_path / "absent" / "journal.csv")
    assert done.code == 1
    assert "ne peut pas être écrit" in done.err


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = csv.reader(io.StringIO(written_rows([[f"{start}1+1", "a;b", 'c"d']]), newline=""), delimiter=";")
    assert row == [f"'{start}1+1", "a;b", 'c"d']


@pytest.mark.parametrize("arguments", [("mails",), ("journal", "--format", "pdf"), (), ("journal", "--from", "x")])
def test_what_does_not_exist_is_a_wrong_usage(town: CommandLine, arguments: tuple[str, ...]) -> None:
    assert town("export", *arguments).code == 2
