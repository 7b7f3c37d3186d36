"""Sheets of address labels, made in memory for the printer of an office and kept nowhere."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.applicant import Applicant

FONT: Final = Path(__file__).parent / "static" / "vendor" / "fonts" / "DejaVuSans.ttf"
A4: Final = (210.0, 297.0)
MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The date inside a sheet when nobody gives one: the same addresses make the same file."""
ABSENT: Final = "□"
"""Stands for a character that the font does not hold."""
CUT: Final = "…"
_SIZES: Final = (12.0, 11.5, 11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0)
_POINT: Final = 25.4 / 72
_LEADING: Final = 1.2
_INSET: Final = (4.0, 2.5)
_HOME: Final = ("france", "fr", "fra")
Widths = dict[int, float]


class LabelFormat(msgspec.Struct, frozen=True):
    """A sheet as it is sold; millimetres from the upper left corner, ``across`` and ``down`` from label to label."""

    code: str
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    across: float
    down: float

    @property
    def per_sheet(self) -> int:
        """How many labels a sheet has."""
        return self.columns * self.rows

    @property
    def label(self) -> str:
        """« Avery L7160 : 21 étiquettes de 63,5 × 38,1 mm »."""
        size = f"{self.width:g} × {self.height:g} mm".replace(".", ",")
        return f"Avery {self.code} : {self.per_sheet} étiquettes de {size}"

    def place(self, number: int) -> tuple[float, float]:
        """The upper left corner of a label, the first being 0; they follow each other as one reads."""
        row, column = divmod(number, self.columns)
        return self.left + column * self.across, self.top + row * self.down


_formats: Final = (
    LabelFormat("L7160", 3, 7, 63.5, 38.1, 7.21, 15.15, 66.04, 38.1),
    LabelFormat("L7163", 2, 7, 99.1, 38.1, 4.65, 15.15, 101.6, 38.1),
    LabelFormat("L7159", 3, 8, 63.5, 33.9, 7.21, 12.9, 66.04, 33.9),
    LabelFormat("L7173", 2, 5, 99.1, 57.0, 4.65, 6.0, 101.6, 57.0),
)
FORMATS: Final = {format_.code: format_ for format_ in _formats}
"""By the maker's code; measures as the templates of gLabels and of sellers of such sheets give them."""


def lacking(applicant: Applicant) -> str | None:
    """What the post would miss in the citizen's address, as a code of ``web.reasons``; None when it could serve him."""
    address = applicant.address
    if address is None:
        return "no_address"
    street, city = address.line1.strip(), address.city.strip()
    if not street:
        return "no_street" if city else "no_street_nor_city"
    return None if city else "no_city"


def address_lines(applicant: Applicant) -> list[str]:
    """The citizen's postal address as an envelope bears it; none where there is no address."""
    address = applicant.address
    if address is None:
        return []
    country = (address.country or "").strip()
    town = f"{address.postal_code} {address.city}"
    lines = (applicant.courtesy_name, address.line1, address.line2, town)
    abroad = country.upper() if country.casefold() not in _HOME else ""
    return [" ".join(line.split()) for line in (*lines, abroad) if line and line.strip()]


def labels_pdf(addresses: Sequence[Sequence[str]], format: str, start: int, made: datetime = MADE) -> bytes:  # noqa: A002
    """A PDF of A4 sheets; ``start`` is the first free label of the first one, from 1.

    Raises KeyError for an unknown format, ValueError for a label that the sheet does not have.
    """
    sheet = FORMATS[format]
    if not 1 <= start <= sheet.per_sheet:
        raise ValueError(f"{format} has no label {start}")
    pdf = _blank(made)
    for number, address in enumerate(addresses, start - 1):
        if number % sheet.per_sheet == 0 or number == start - 1:
            pdf.add_page()
        _write(pdf, sheet, sheet.place(number % sheet.per_sheet), address)
    if not addresses:
        pdf.add_page()
    return bytes(pdf.output())


def _blank(made: datetime) -> Any:
    import fpdf  # noqa: PLC0415 — half a second that only labels cost

    pdf = fpdf.FPDF(unit="mm", format="A4")
    pdf.set_creation_date(made)
    pdf.set_title("Étiquettes")
    pdf.set_lang("fr")
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_font("DejaVu", fname=str(FONT))
    pdf.set_font("DejaVu", size=_SIZES[0])
    return pdf


def _write(pdf: Any, sheet: LabelFormat, corner: tuple[float, float], address: Sequence[str]) -> None:
    """The lines in the middle of the label's height, well within its borders."""
    inner = (sheet.width - 2 * _INSET[0], sheet.height - 2 * _INSET[1])
    size, lines = _fitted([_printable(line) for line in address], *inner)
    pdf.set_font_size(size)
    step = size * _POINT * _LEADING
    top = corner[1] + (sheet.height - step * len(lines)) / 2
    for number, line in enumerate(lines):
        pdf.set_xy(corner[0] + _INSET[0], top + number * step)
        pdf.cell(inner[0], step, line)


def _fitted(lines: list[str], width: float, height: float) -> tuple[float, list[str]]:
    """The largest size at which the lines fit; then folded at blanks; what is still too long is cut."""
    for wrapped in (False, True):
        for size in _SIZES:
            most = int(height / (size * _POINT * _LEADING))
            folded = [part for line in lines for part in _folded(line, size, width)] if wrapped else lines
            if len(folded) <= most and all(_width(line, size) <= width for line in folded):
                return size, folded
    smallest = _SIZES[-1]
    folded = [part for line in lines for part in _folded(line, smallest, width)]
    most = int(height / (smallest * _POINT * _LEADING))
    kept = folded if len(folded) <= most else [line for line in lines if line][:most]
    return smallest, [_cut(line, smallest, width) for line in kept]


def _folded(line: str, size: float, width: float) -> Iterator[str]:
    held = ""
    for word in line.split():
        longer = f"{held} {word}".strip()
        if held and _width(longer, size) > width:
            yield held
            longer = word
        held = longer
    yield held


def _cut(line: str, size: float, width: float) -> str:
    if _width(line, size) <= width:
        return line
    while line and _width(line + CUT, size) > width:
        line = line[:-1]
    return line.rstrip() + CUT


def _printable(line: str) -> str:
    """Composed characters, those that the font holds; fpdf2 would name the others in the log."""
    known = _widths()
    return "".join(
        character if ord(character) in known else ABSENT
        for character in unicodedata.normalize("NFC", line)
        if unicodedata.category(character) not in ("Cc", "Cf")
    )


def _width(line: str, size: float) -> float:
    """In millimetres; signs that join others count as well, so that a line is never wider than this."""
    known = _widths()
    return sum(known[ord(character)] for character in line) * size * _POINT


@lru_cache(1)
def _widths() -> Widths:
    """The width of each character of the font, in ems."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415 — comes with fpdf2

    with TTFont(str(FONT), lazy=True) as font:
        em, metrics, glyphs = font["head"].unitsPerEm, font["hmtx"], font.getBestCmap()
        return {code: metrics[name][0] / em for code, name in glyphs.items()}
