"""How an export is written: CSV, XLSX, JSON Lines or XES, whole or not at all, into a file only its owner reads."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path
from tempfile import TemporaryDirectory, mkstemp
from typing import IO, Any, Final, TypeVar

from suivi.exported import Cells, EventsExport, Exported
from suivi.refusals import CommandRefused
from suivi.system_errors import why
from suivi.written import json_line
from suivi.xes import xes_lines
from web.spreadsheets import MOST_ROWS, TooManyRows, csv_lines, offers_xlsx, write_xlsx

Item = TypeVar("Item")
Advance = Callable[[int], None]
_STEP: Final = 200
_NO_XLSX: Final = "L’export XLSX demande le complément « xlsx » : installez suivi[xlsx], ou choisissez --format csv."
_TOO_MANY: Final = (
    f"Une feuille XLSX a au plus {MOST_ROWS:,} lignes".replace(",", "\u202f")
    + " : choisissez des dates avec --from et --to, ou --format csv."
)
_FOLDER: Final = {errno.ENOENT: "le dossier n’existe pas", errno.ENOTDIR: "le dossier n’en est pas un"}


def require_format(shape: str) -> None:
    """Refuse a format that is not installed."""
    if shape == "xlsx" and not offers_xlsx():
        raise CommandRefused(_NO_XLSX)


def write(what: Exported, shape: str, file: IO[bytes], folder: Path, advance: Advance) -> None:
    """Everything into a file; ``folder`` holds a workbook's unfinished sheet."""
    if shape == "xlsx":
        _write_workbook(what, file, folder, advance)
        return
    for text in _texts(what, shape, advance):
        file.write(text.encode())


def _texts(what: Exported, shape: str, advance: Advance) -> Iterator[str]:
    if isinstance(what, EventsExport) and shape == "xes":
        return xes_lines(_paced(what.traces(), advance))
    if shape == "jsonl":
        return (f"{json_line(document)}\n" for document in _paced(what.documents(), advance))
    return csv_lines(_with_headings(what, advance))


def _write_workbook(what: Exported, file: IO[bytes], folder: Path, advance: Advance) -> None:
    with TemporaryDirectory(prefix="export-", dir=folder) as name:
        try:
            write_xlsx(file, {what.sheet: _with_headings(what, advance)}, name)
        except TooManyRows:
            raise CommandRefused(_TOO_MANY) from None


def _with_headings(what: Exported, advance: Advance) -> Iterator[Cells]:
    yield what.headings
    yield from _paced(what.rows(), advance)


def _paced(items: Iterable[Item], advance: Advance) -> Iterator[Item]:
    """The same items, each some hundred of them told to the progress bar."""
    number = 0
    for number, item in enumerate(items, 1):
        yield item
        if number % _STEP == 0:
            advance(_STEP)
    advance(number % _STEP)


class _Written(FileIO):
    """A file whose faults are told as its own; those of a store or of a folder of temporary files are not."""

    def __init__(self, descriptor: int, path: Path) -> None:
        super().__init__(descriptor, "wb")
        self._path = path

    def write(self, data: Any) -> int:
        with _blaming(self._path):
            return super().write(data)


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be written, and why."""
    try:
        yield
    except OSError as error:
        reason = _FOLDER.get(error.errno or 0) or why(error)
        raise CommandRefused(f"{path} ne peut pas être écrit : {reason}.") from error


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A file only its owner reads, which appears whole or not at all."""
    with _blaming(path):
        descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    written = Path(name)
    try:
        with BufferedWriter(_Written(descriptor, path)) as file:
            yield file
            with _blaming(path):
                file.flush()
                os.fsync(file.fileno())
        with _blaming(path):
            written.replace(path)
    finally:
        written.unlink(missing_ok=True)
