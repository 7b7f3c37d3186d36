"""Tables for spreadsheets: opened as they are by a French one, and no text of a citizen is a formula there."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from web import spreadsheets
from web.spreadsheets import BOM, FORMULA, csv_answer, csv_lines, is_formula, offers_xlsx, write_xlsx, xlsx, xlsx_answer

_SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
DANGEROUS = [f"{start}HYPERLINK(1)" for start in (*FORMULA, "\n=", " =", "\u00a0 @", " \t+")]


def parsed(lines: Iterator[str]) -> list[list[str]]:
    """What a French spreadsheet reads."""
    whole = "".join(lines)
    assert whole.startswith(BOM)
    return list(csv.reader(io.StringIO(whole[1:], newline=""), delimiter=";", strict=True))


def opened(book: bytes | IO[bytes]) -> dict[str, list[dict[str, Any]]]:
    """The cells of each sheet: their type, style and text, formulas named so."""
    archive = zipfile.ZipFile(io.BytesIO(book) if isinstance(book, bytes) else book)
    names = [sheet.attrib["name"] for sheet in _part(archive, "xl/workbook.xml").iterfind(".//x:sheet", _SPACE)]
    texts = []
    if "xl/sharedStrings.xml" in archive.namelist():
        texts = ["".join(one.itertext()) for one in _part(archive, "xl/sharedStrings.xml").iterfind("x:si", _SPACE)]
    parts = [_part(archive, f"xl/worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
    rows = [[_cells(row, texts) for row in part.iterfind(".//x:row", _SPACE)] for part in parts]
    return dict(zip(names, rows, strict=True))


def _part(archive: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(archive.read(name))  # noqa: S314 — our own file


def _cells(row: ET.Element, texts: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cell in row:
        column = cell.attrib["r"].rstrip("0123456789")
        assert cell.find("x:f", _SPACE) is None, "a formula"
        value = "".join(cell.itertext())
        kind = cell.attrib.get("t")
        found[column] = texts[int(value)] if kind == "s" else value if kind == "inlineStr" else float(value)
    return found


def test_a_french_spreadsheet_opens_the_csv_as_it_is() -> None:
    at = datetime(2027, 3, 1, 9, 5, 7, tzinfo=UTC)
    lines = list(csv_lines([["Référence", "n"], ["AEN", 1], [None, -2.5], [date(2027, 3, 1), at], [True, 1e-7]]))
    assert "".join(lines) == (
        "\ufeffRéférence;n\r\nAEN;1\r\n;-2,5\r\n01/03/2027;01/03/2027 09:05:07\r\noui;0,0000001\r\n"
    )
    assert "".join(lines).encode().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula_and_no_number_a_text(text: str) -> None:
    assert parsed(csv_lines([[text, -1, 2.5]])) == [["'" + text, "-1", "2,5"]]
    book = opened(xlsx({"Feuille": [["Titre", "a", "b"], [text, -1, 2.5]]}))
    assert book["Feuille"][1]["A"] == text.replace("\r", "_x000D_")
    assert (book["Feuille"][1]["B"], book["Feuille"][1]["C"]) == (-1, 2.5)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1), max_size=4))
def test_any_text_comes_back_whole(rows: list[list[str]]) -> None:
    found = parsed(csv_lines(rows))
    assert found == [[f"'{cell}" if is_formula(cell) else cell for cell in row] for row in rows]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in found for cell in row)
    assert not any(cell.startswith(FORMULA) for row in found for cell in row)


def test_links_and_figures_in_texts_stay_texts() -> None:
    book = xlsx({"Une": [["Titre"], ["https://exemple.fr"], ["0612"], ["x" * 40_000], ["\x00\x0b_x0041_"]]})
    cells = [row["A"] for row in opened(book)["Une"]]
    assert cells[1:3] == ["https://exemple.fr", "0612"]
    assert len(cells[3]) == 32_767
    assert cells[3].endswith("xx… (coupé)")
    assert b"hyperlink" not in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")


def test_the_headings_are_bold_and_stay_in_sight_and_days_are_dates() -> None:
    book = xlsx({"Une": [["Jour", "Instant"], [date(2027, 3, 1), datetime(2027, 3, 1, 12, tzinfo=UTC)]], "Deux": []})
    sheets = opened(book)
    assert list(sheets) == ["Une", "Deux"]
    assert (sheets["Une"][1]["A"], sheets["Une"][1]["B"]) == (46447, 46447.5)
    archive = zipfile.ZipFile(io.BytesIO(book))
    sheet, styles = archive.read("xl/worksheets/sheet1.xml").decode(), archive.read("xl/styles.xml").decode()
    assert 'state="frozen"' in sheet
    assert "<b/>" in styles
    assert "dd/mm/yyyy hh:mm:ss" in styles


def test_the_same_rows_make_the_same_file() -> None:
    assert xlsx({"Une": [["a"], [1]]}) == xlsx({"Une": [["a"], [1]]})
    assert xlsx({"Une": [["a"]]}, datetime(2027, 1, 1, tzinfo=UTC)) != xlsx({"Une": [["a"]]}, "")


def test_a_sheet_that_is_full_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 3)
    assert len(opened(xlsx({"Une": [["Titre"], *([number] for number in range(3))]}))["Une"]) == 4
    with pytest.raises(spreadsheets.TooManyRows):
        xlsx({"Une": [["Titre"], *([number] for number in range(4))]})


def test_a_file_is_written_row_by_row_with_the_same_cells(tmp_path: Path) -> None:
    rows = [["Titre", "n"], *([f"ligne {number}", number] for number in range(500))]
    folder = tmp_path / "unfinished"
    folder.mkdir()
    with (tmp_path / "a.xlsx").open("w+b") as file:
        write_xlsx(file, {"Une": iter(rows)}, str(folder))
        assert opened(file) == opened(xlsx({"Une": rows}))
    assert list(folder.iterdir()) == []


def test_a_book_that_fails_half_way_writes_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[list[object]]:
        yield ["Titre"]
        raise InterruptedError("the store went away")

    file = io.BytesIO()
    with pytest.raises(InterruptedError):
        write_xlsx(file, {"Une": rows()}, str(tmp_path))
    assert file.getvalue() == b""


def test_answers_are_files_to_keep() -> None:
    with Flask("town").test_request_context():
        kept = csv_answer("journal", (["a"] if request.path == "/" else [] for _ in range(2)), "")
        assert kept.get_data(as_text=True) == "\ufeffa\r\na\r\n"
    assert kept.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert kept.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
    assert opened(xlsx_answer("journal", {"Une": [["a"]]}, "").data) == {"Une": [{"A": "a"}]}


def test_without_the_extra_no_workbook_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offers_xlsx()
    monkeypatch.setattr(spreadsheets, "find_spec", lambda _: None)
    assert not offers_xlsx()
