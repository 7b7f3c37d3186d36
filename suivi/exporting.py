"""The journal as a CSV file that a French spreadsheet opens as it is: BOM, semicolons, local dates, no formula."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Final

from sqlalchemy import func, select

from domain.instants import micros
from projections.journal import JournalCriteria, JournalMilestone, JournalRow
from projections.tables import journal
from suivi.compose import Installation
from suivi.refusals import CommandRefused
from suivi.written import moment
from web.wording import CHANNELS, KINDS, STATUSES

PAGE: Final = 500
BOM: Final = "\ufeff"
COLUMNS: Final = (
    "Référence",
    "Démarche",
    "Intitulé",
    "Service",
    "Statut",
    "Issue",
    "Canal",
    "Reçue le",
    "Prise en compte le",
    "Clôturée le",
    "Données effacées le",
    "Agents",
    "Jalons",
)
_VOCABULARY: Final = {"EventAdded": "event_type", "PutOnHold": "reason", "Closed": "outcome"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class JournalExport:
    """Finished demands between two local days, both included, the latest closed first."""

    def __init__(self, installation: Installation, first: date | None, last: date | None) -> None:
        self._installation, self._zone = installation, installation.zone
        self._from, self._before = self._start(first), self._start(last and last + timedelta(1))
        self._agents = {code: agent.name for code, agent in installation.people.agents().items()}
        self._titles = {code: row.title for code, row in installation.people.procedures().items()}
        self._terms = installation.office.directory.townhall().vocabularies

    def count(self) -> int:
        """How many rows there are."""
        chosen = select(func.count()).select_from(journal)
        if self._from is not None:
            chosen = chosen.where(journal.c.closed_at >= micros(self._from))
        if self._before is not None:
            chosen = chosen.where(journal.c.closed_at < micros(self._before))
        with self._installation.stores.views.connect() as connection:
            return connection.scalar(chosen) or 0

    def pages(self) -> Iterator[list[Sequence[str]]]:
        """The rows, some hundreds at a time; never all in memory."""
        cursor = None
        while True:
            criteria = JournalCriteria(closed_from=self._from, closed_before=self._before, limit=PAGE, cursor=cursor)
            page = self._installation.journal.page(criteria, None)
            yield [self._cells(row) for row in page.rows]
            if page.next is None:
                return
            cursor = page.next

    def _cells(self, row: JournalRow) -> Sequence[str]:
        outcome = self._terms["outcome"].get(row.outcome, row.outcome) if row.outcome else ""
        return (
            row.reference,
            row.procedure,
            self._titles.get(row.procedure, ""),
            row.service,
            STATUSES.get(row.status, row.status),
            outcome,
            CHANNELS.get(row.channel, row.channel),
            *map(self._moment, (row.submitted_at, row.taken_at, row.closed_at, row.erased_at)),
            ", ".join(map(self._agent, row.agents)),
            " | ".join(map(self._milestone, row.milestones)),
        )

    def _milestone(self, fact: JournalMilestone) -> str:
        detail = f" « {self._label(fact)} »" if fact.detail else ""
        who = f" ({self._agent(fact.agent)})" if fact.agent else ""
        return f"{self._moment(fact.at)} {KINDS.get(fact.kind, fact.kind)}{detail}{who}"

    def _label(self, fact: JournalMilestone) -> str:
        detail = fact.detail or ""
        if fact.kind == "Reassigned":
            return self._agent(detail)
        return self._terms[_VOCABULARY[fact.kind]].get(detail, detail) if fact.kind in _VOCABULARY else detail

    def _agent(self, code: str) -> str:
        name = self._agents.get(code, code)
        return code if name == code else f"{name} ({code})"

    def _moment(self, at: datetime | None) -> str:
        return "" if at is None else moment(at, self._zone)

    def _start(self, day: date | None) -> datetime | None:
        return None if day is None else self._installation.calendars(False).start_of(day)  # noqa: FBT003 — the port's shape


def written_rows(rows: Sequence[Sequence[str]]) -> str:
    """Lines of CSV; a cell that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """A file only its owner reads, which appears whole or not at all."""
    try:
        descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise CommandRefused(f"{path} ne peut pas être écrit : {error.strerror}.") from error
    written = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 — a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
    except OSError as error:
        raise CommandRefused(f"{path} ne peut pas être écrit : {error.strerror}.") from error
    finally:
        written.unlink(missing_ok=True)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
