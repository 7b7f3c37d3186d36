"""Tables that leave for a spreadsheet, as CSV for a French one or as XLSX; no text of a citizen becomes a formula."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from itertools import chain
from threading import BoundedSemaphore
from typing import IO, Any, Final

from flask import Response, abort

from domain.errors import Invalid

BOM: Final = "\ufeff"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection), be it after blanks."""
MOST_ROWS: Final = 1_048_575
"""Under its headings, a sheet of XLSX has no more rows."""
MOST_IN_A_FILE: Final = 10_000
"""A page's file is made in memory and given in one piece; the command ``suivi export`` has no such limit."""
MOST_AT_ONCE: Final = 3
"""Of the server's threads, so many make files; the others go on answering."""
LONGEST_TEXT: Final = 32_767
_CUT: Final = "… (coupé)"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 — a file's date has no zone
"""The date inside a file when nobody gives one: the same rows make the same file."""
_SAMPLE: Final = 200
_NARROWEST, _WIDEST = 8, 60
_FORMATS: Final[Mapping[type, str]] = {date: "dd/mm/yyyy", datetime: "dd/mm/yyyy hh:mm:ss"}
_TOO_LONG: Final = f"Plus de {MOST_IN_A_FILE:,} lignes pour un fichier\u00a0: ".replace(",", "\u202f")
_BUSY: Final = "D’autres fichiers sont en préparation. Recommencez dans quelques secondes."
_being_made: Final = BoundedSemaphore(MOST_AT_ONCE)
Row = Sequence[object]


class TooManyRows(Exception):
    """A sheet of XLSX cannot hold so many rows."""


class _Line:
    """A file of one line: the writer's answer is what it wrote."""

    def write(self, text: str) -> str:
        return text


def offers_xlsx() -> bool:
    """Whether the extra ``xlsx`` is installed; without it no page offers such a file."""
    return find_spec("xlsxwriter") is not None


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The byte order mark, then a line a row; instants stand in the zone they are given in."""
    yield BOM
    write = csv.writer(_Line(), delimiter=";", lineterminator="\r\n").writerow
    for row in rows:
        line: Any = write([_written(cell) for cell in row])
        yield line


def xlsx(sheets: Mapping[str, Iterable[Row]], made: datetime | None = None) -> bytes:
    """A workbook in memory; the first row of each sheet names its columns. Raises TooManyRows."""
    file = io.BytesIO()
    _workbook(file, sheets, made, {"in_memory": True})
    return file.getvalue()


def write_xlsx(file: IO[bytes], sheets: Mapping[str, Iterable[Row]], folder: str, made: datetime | None = None) -> None:
    """The same into a file, one row in memory at a time, what is unfinished in a folder; raises TooManyRows."""
    _workbook(file, sheets, made, {"constant_memory": True, "tmpdir": folder})


def csv_answer(name: str, rows: Iterable[Row], in_parts: str) -> Response:
    """Rows as a file to keep; answers 503 while too many files are being made.

    Raises Invalid for too many rows: ``in_parts`` says how the same search leaves in several files.
    """
    with _turn():
        whole = "".join(csv_lines(_few(rows, in_parts)))
    return _answer(whole, "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_answer(
    name: str, sheets: Mapping[str, Iterable[Row]], in_parts: str, made: datetime | None = None
) -> Response:
    """The same as a workbook."""
    with _turn():
        whole = xlsx({title: _few(rows, in_parts) for title, rows in sheets.items()}, made)
    return _answer(whole, XLSX_TYPE, f"{name}.xlsx")


@contextmanager
def _turn() -> Iterator[None]:
    """One of the few files made at a time: nobody waits for another's file with a thread of the server in hand."""
    if not _being_made.acquire(blocking=False):
        abort(503, _BUSY)
    try:
        yield
    finally:
        _being_made.release()


def by_dates(first: str, last: str) -> str:
    """How a search too long for one file leaves in several, by the fields of its form."""
    return f"gardez ces critères et exportez période par période, avec «\u00a0{first}\u00a0» et «\u00a0{last}\u00a0»."


def _few(rows: Iterable[Row], in_parts: str) -> Iterator[Row]:
    """The headings and the rows under them; an answer in one piece never waits for who reads it slowly."""
    for number, row in enumerate(rows):
        if number > MOST_IN_A_FILE:
            raise Invalid({"_schema": [_TOO_LONG + in_parts]})
        yield row


def _written(cell: object) -> str:
    """A cell of CSV; only a text can be taken for a formula."""
    match cell:
        case None:
            return ""
        case bool():
            return "oui" if cell else "non"
        case int():
            return str(cell)
        case float():
            return f"{Decimal(repr(cell)):f}".replace(".", ",")
        case datetime():
            return f"{cell:%d/%m/%Y %H:%M:%S}"
        case date():
            return f"{cell:%d/%m/%Y}"
    text = str(cell)
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula; some leave out the blanks before it."""
    return text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)


def _answer(body: Any, kind: str, name: str) -> Response:
    answer = Response(body, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _workbook(file: Any, sheets: Mapping[str, Iterable[Row]], made: datetime | None, options: dict[str, Any]) -> None:
    import xlsxwriter  # noqa: PLC0415 — an extra

    texts = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = xlsxwriter.Workbook(file, options | texts)
    book.set_properties({"created": (made or MADE).replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    dates = {kind: book.add_format({"num_format": shape}) for kind, shape in _FORMATS.items()}
    try:
        for name, rows in sheets.items():
            _fill(book.add_worksheet(name), iter(rows), bold, dates)
    except BaseException:
        book.filename = os.devnull  # closing a book writes it, and one half filled goes nowhere
        raise
    finally:
        _close(book)


def _close(book: Any) -> None:
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 — an extra

    try:
        book.close()
    except FileCreateError as error:  # it stands for any OSError, whichever file it was
        raise (error.args[0] if error.args and isinstance(error.args[0], OSError) else error) from error


def _fill(sheet: Any, rows: Iterator[Row], bold: Any, dates: Mapping[type, Any]) -> None:
    """The headings, always in sight, and the rows; columns as wide as what the first rows hold."""
    first = [row for _, row in zip(range(_SAMPLE), rows, strict=False)]
    for column, width in enumerate(_widths(first)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(chain(first, rows)):
        if number > MOST_ROWS:
            raise TooManyRows
        for column, cell in enumerate(row):
            _write(sheet, number, column, cell, dates, bold if number == 0 else None)


def _widths(rows: Sequence[Row]) -> Iterator[int]:
    for column in range(max(map(len, rows), default=0)):
        longest = max(len(_written(row[column])) for row in rows if column < len(row))
        yield min(max(longest + 2, _NARROWEST), _WIDEST)


def _write(sheet: Any, row: int, column: int, cell: object, dates: Mapping[type, Any], shape: Any) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_string(row, column, _written(cell), shape)
        case int() | float():
            sheet.write_number(row, column, cell, shape)
        case date():
            bare = cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
            sheet.write_datetime(row, column, bare, dates[datetime if isinstance(cell, datetime) else date])
        case _:
            sheet.write_string(row, column, _fitting(str(cell)), shape)


def _fitting(text: str) -> str:
    """A text that a cell can hold; a longer one says that it is cut."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(_CUT)] + _CUT
