"""Address labels: where the maker's sheets have them, with every name as it is written, never over a neighbour."""

import io
import logging
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from domain.applicant import Address, Applicant
from web.labels import A4, ABSENT, CUT, FORMATS, LabelFormat, address_lines, labels_pdf, lacking

_MM = 25.4 / 72
NAMES = ["Thị Hồng Nguyễn", "Đặng Łukasz", "Élodie Œuvrard", "Zoé D’Almeida-Muñoz", "Siân Þórr Ğül"]


class Line(NamedTuple):
    """A text on a page: where it begins, in millimetres from the upper left corner, and its size in points."""

    page: int
    x: float
    y: float
    size: float
    text: str


def lines(pdf: bytes) -> list[Line]:
    """Every text of a file, in the order in which it was written."""
    found: list[Line] = []
    for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages):

        def see(text: str, _: Any, matrix: Any, __: Any, size: float, number: int = number) -> None:
            if text.strip():
                found.append(Line(number, matrix[4] * _MM, A4[1] - matrix[5] * _MM, size, text.strip()))

        page.extract_text(visitor_text=see)
    return found


def label_of(line: Line, sheet: LabelFormat) -> int:
    """The label whose borders a line lies in."""
    for number in range(sheet.per_sheet):
        x, y = sheet.place(number)
        if x <= line.x < x + sheet.width and y <= line.y <= y + sheet.height:
            return number
    raise AssertionError(f"{line} lies on no label")


@pytest.mark.parametrize("code", FORMATS)
def test_a_sheet_fits_on_a4_and_labels_do_not_overlap(code: str) -> None:
    sheet = FORMATS[code]
    right = sheet.left + (sheet.columns - 1) * sheet.across + sheet.width
    bottom = sheet.top + (sheet.rows - 1) * sheet.down + sheet.height
    assert sheet.left == pytest.approx(A4[0] - right, abs=0.1), "the margins of these sheets are equal"
    assert sheet.top == pytest.approx(A4[1] - bottom, abs=0.1)
    assert sheet.across >= sheet.width
    assert sheet.down >= sheet.height


def test_the_formats_are_those_that_are_sold() -> None:
    sold = {code: (sheet.columns, sheet.rows, sheet.width, sheet.height) for code, sheet in FORMATS.items()}
    assert sold == {
        "L7160": (3, 7, 63.5, 38.1),
        "L7163": (2, 7, 99.1, 38.1),
        "L7159": (3, 8, 63.5, 33.9),
        "L7173": (2, 5, 99.1, 57.0),
    }
    assert FORMATS["L7160"].label == "Avery L7160 : 21 étiquettes de 63,5 × 38,1 mm"
    assert FORMATS["L7173"].per_sheet == 10


@pytest.mark.parametrize("code", FORMATS)
def test_each_address_lies_within_its_own_label(code: str) -> None:
    sheet = FORMATS[code]
    addresses = [[f"Nom {number}", f"{number} rue", "67000 Strasbourg"] for number in range(sheet.per_sheet + 2)]
    found = lines(labels_pdf(addresses, code, 3))
    assert [line.text for line in found] == [text for address in addresses for text in address]
    places = [(line.page, label_of(line, sheet)) for line in found[::3]]
    free = [(0, number) for number in range(2, sheet.per_sheet)]
    assert places == free + [(1, number) for number in range(4)]
    assert {label_of(line, sheet) for line in found[:3]} == {2}


def test_a_used_sheet_is_begun_at_its_last_label() -> None:
    found = lines(labels_pdf([["Un"], ["Deux"]], "L7160", 21))
    assert [(line.page, label_of(line, FORMATS["L7160"])) for line in found] == [(0, 20), (1, 0)]


@pytest.mark.parametrize("start", [0, 22, -1])
def test_a_label_that_the_sheet_does_not_have_is_refused(start: int) -> None:
    with pytest.raises(ValueError, match="has no label"):
        labels_pdf([["Un"]], "L7160", start)


def test_names_are_written_as_they_are() -> None:
    found = [line.text for line in lines(labels_pdf([[name] for name in NAMES], "L7163", 1))]
    assert found == NAMES


def test_a_long_address_is_folded_and_stays_readable() -> None:
    long = ["Mme Anne-Sophie de La Rochefoucauld", "Résidence Les Tilleuls, bâtiment B, appartement 1204", "67000 Ô"]
    found = lines(labels_pdf([long], "L7159", 1))
    assert " ".join(line.text for line in found) == " ".join(long)
    assert {label_of(line, FORMATS["L7159"]) for line in found} == {0}
    assert all(line.size >= 8 for line in found)
    assert all(after.y > before.y for before, after in pairwise(found))


def test_what_is_too_long_is_cut_and_never_reaches_the_neighbour() -> None:
    found = lines(labels_pdf([["W" * 300, *["rue " * 90] * 30], ["Voisin"]], "L7159", 1))
    own = [line for line in found if line.text != "Voisin"]
    assert own[0].text.endswith(CUT)
    assert {label_of(line, FORMATS["L7159"]) for line in own} == {0}
    assert max(len(line.text) for line in own) < 70


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=6))
def test_no_text_breaks_a_sheet(address: list[str]) -> None:
    assert PdfReader(io.BytesIO(labels_pdf([address], "L7160", 1))).pages[0].mediabox[3] == pytest.approx(841.89)


def test_characters_that_the_font_lacks_are_replaced_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (line,) = lines(labels_pdf([["王 Wáng"]], "L7160", 1))
    assert line.text == f"{ABSENT} Wáng"
    assert caplog.records == []


def test_the_same_addresses_make_the_same_file() -> None:
    made = datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert labels_pdf([["Un"]], "L7160", 1) == labels_pdf([["Un"]], "L7160", 1)
    dated = PdfReader(io.BytesIO(labels_pdf([["Un"]], "L7160", 1, made))).metadata
    assert dated is not None
    assert dated.creation_date == made


def test_an_address_as_an_envelope_bears_it() -> None:
    home = Address(" 12  rue des Lilas", "67000", "Strasbourg", line2="Bâtiment B", country="France")
    marie = Applicant("Née", "Marie", civility="Mme", usage_name="Œuvrard", address=home)
    assert address_lines(marie) == ["Mme Marie Œuvrard", "12 rue des Lilas", "Bâtiment B", "67000 Strasbourg"]
    abroad = Applicant("Weiß", "Jürgen", address=Address("Marktplatz 1", "77694", "Kehl", country="Allemagne"))
    assert address_lines(abroad) == ["Jürgen Weiß", "Marktplatz 1", "77694 Kehl", "ALLEMAGNE"]


def test_who_cannot_be_reached_by_the_post_has_no_label() -> None:
    assert lacking(Applicant("Roux", "Luc")) == "no_address"
    for address, lacks in (
        (Address("1 rue", "67000", "  "), "no_city"),
        (Address(" ", "67000", "Strasbourg"), "no_street"),
        (Address("", "67000", ""), "no_street_nor_city"),
        (Address("1 rue", "67000", "Strasbourg"), None),
    ):
        assert lacking(Applicant("Roux", "Luc", address=address)) == lacks
