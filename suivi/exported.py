"""What ``suivi export`` writes: finished demands, all demands, their events, the figures; nothing personal is in it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Table, func, select

from domain.dossier import shown
from domain.facts import Fact
from domain.instants import micros
from domain.references import demand_id
from projections.all_demands import DemandFilters, DemandRow
from projections.journal import JournalCriteria, JournalRow
from projections.tables import current, journal
from suivi.compose import Installation
from suivi.refusals import CommandRefused
from suivi.written import json_line
from web.columns import exported, period_label, refusals_in_words
from web.journal_table import COLUMNS, Words, cells, finished, milestone
from web.wording import CHANNELS, KINDS, STATUSES

PAGE: Final = 500
_LONGEST: Final = timedelta(days=36_525)
Cells = Sequence[object]
Document = dict[str, Any]


class Exported(Protocol):
    """A table and the same as documents; ``sheet`` names it in a workbook."""

    sheet: str
    headings: Cells

    def count(self) -> int:
        """How many demands are gone through."""

    def rows(self) -> Iterator[Cells]:
        """The table under its headings."""

    def documents(self) -> Iterator[Document]:
        """One JSON document a row, under the names of the API."""


class Period:
    """Two local days, both included, as instants; either may be missing."""

    def __init__(self, installation: Installation, first: date | None, last: date | None) -> None:
        calendar = installation.calendars(False)  # noqa: FBT003 — the port's shape
        self.first = None if first is None else calendar.start_of(first)
        self.before = None if last is None else calendar.start_of(last + timedelta(1))

    def count(self, installation: Installation, table: Table, column: str) -> int:
        """How many rows of a read model fall in it."""
        chosen = select(func.count()).select_from(table)
        if self.first is not None:
            chosen = chosen.where(table.c[column] >= micros(self.first))
        if self.before is not None:
            chosen = chosen.where(table.c[column] < micros(self.before))
        with installation.stores.views.connect() as connection:
            return connection.scalar(chosen) or 0


class JournalExport:
    """Finished demands by the day they ended, the latest first."""

    sheet, headings = "Journal", COLUMNS

    def __init__(self, installation: Installation, period: Period) -> None:
        self._installation, self._period, self._words = installation, period, words_of(installation)

    def count(self) -> int:
        return self._period.count(self._installation, journal, "closed_at")

    def rows(self) -> Iterator[Cells]:
        return (cells(row, self._words) for row in self._found())

    def documents(self) -> Iterator[Document]:
        names = self._words.agents
        for row in self._found():
            document = msgspec.structs.asdict(row)
            del document["erased_at"]
            agents = [{"code": code, "name": names.get(code, code)} for code in row.agents]
            yield document | {"agents": agents, "milestones": list(map(milestone, row.milestones))}

    def _found(self) -> Iterator[JournalRow]:
        criteria = JournalCriteria(closed_from=self._period.first, closed_before=self._period.before)
        return finished(self._installation.journal, criteria, None)


class DemandsExport:
    """Every demand, open or finished, by the day it was received, in the order of arrival."""

    sheet = "Demandes"
    headings: Cells = (
        *("Référence", "Statut", "Démarche", "Intitulé", "Service", "Agent", "Canal"),
        *("Reçue le", "Prise en compte le", "Échéance", "Clôturée le"),
    )

    def __init__(self, installation: Installation, period: Period) -> None:
        self._installation, self._period, self._words = installation, period, words_of(installation)

    def count(self) -> int:
        return sum(self._period.count(self._installation, table, "submitted_at") for table in (current, journal))

    def rows(self) -> Iterator[Cells]:
        for row in self.demands():
            words = self._words
            yield (
                *(row.reference, STATUSES.get(row.status, row.status), row.procedure),
                *(words.titles.get(row.procedure, ""), row.service, words.agent(row.agent) if row.agent else ""),
                CHANNELS.get(row.channel, row.channel),
                *map(words.local, (row.submitted_at, row.taken_at, row.due_at, row.closed_at)),
            )

    def documents(self) -> Iterator[Document]:
        for row in self.demands():
            document = msgspec.structs.asdict(row)
            del document["version"]
            yield document

    def demands(self) -> Iterator[DemandRow]:
        """The demands themselves, some hundreds at a time."""
        cursor, reader, now = None, self._installation.all_demands, self._installation.clock()
        while True:
            asked = DemandFilters(
                received_from=self._period.first, received_before=self._period.before, limit=PAGE, cursor=cursor
            )
            page = reader.page(asked, now)
            yield from page.items
            if (cursor := page.next) is None:
                return


class EventsExport:
    """Every fact of the demands received in a period, one demand after the other; sealed values are left out."""

    sheet = "Événements"
    headings: Cells = (
        *("Référence", "Démarche", "Service", "Canal", "Version", "Fait", "Type", "Date", "Auteur", "Agent"),
        "Données",
    )

    def __init__(self, installation: Installation, period: Period) -> None:
        self._installation, self._demands = installation, DemandsExport(installation, period)
        self._zone = installation.zone

    def count(self) -> int:
        return self._demands.count()

    def traces(self) -> Iterator[tuple[DemandRow, Sequence[Fact]]]:
        """Each demand with its facts in order."""
        register = self._installation.register
        return ((row, register.facts(demand_id(row.reference))) for row in self._demands.demands())

    def rows(self) -> Iterator[Cells]:
        for row, facts in self.traces():
            for fact in facts:
                yield (
                    *(row.reference, row.procedure, row.service, row.channel, fact.originator_version),
                    *(KINDS.get(fact.name, fact.name), fact.name, fact.timestamp.astimezone(self._zone)),
                    *(fact.actor, fact.agent, json_line(shown(fact))),
                )

    def documents(self) -> Iterator[Document]:
        for row, facts in self.traces():
            place = {name: getattr(row, name) for name in ("reference", "procedure", "service", "channel")}
            for fact in facts:
                what = {"version": fact.originator_version, "kind": fact.name, "at": fact.timestamp}
                yield place | what | {"actor": fact.actor, "agent": fact.agent, "data": shown(fact)}


class StatisticsExport:
    """The figures of a period, one row for each key and one for the totals."""

    sheet = "Statistiques"

    def __init__(self, installation: Installation, first: date | None, last: date | None, by: str) -> None:
        today = installation.clock().astimezone(installation.zone).date()
        if first is not None and (last or today) - first > _LONGEST:
            raise CommandRefused("La période dépasse cent ans : rapprochez --from et --to.")
        with refusals_in_words():
            self._figures = installation.statistics.figures(first, last, by, today)
        self._label = labels(words_of(installation), by)
        self._table = exported(self._figures, self._label)
        self.headings: Cells = next(self._table)

    def count(self) -> int:
        return len(self._figures.rows)

    def rows(self) -> Iterator[Cells]:
        return self._table

    def documents(self) -> Iterator[Document]:
        whole = self._figures.as_json()
        period = {"from": whole["from"], "to": whole["to"], "by": whole["by"]}
        for row in whole["rows"]:
            yield period | {"row": "key"} | row
        yield period | {"row": "total"} | whole["totals"]


def labels(words: Words, by: str) -> Callable[[str], str]:
    """What the keys of a breakdown stand for."""
    names = {"procedure": words.titles, "agent": words.agents, "channel": CHANNELS}.get(by)
    return (lambda key: period_label(key, by)) if names is None else lambda key: names.get(key, key)


def words_of(installation: Installation) -> Words:
    """What codes stand for now."""
    return Words(
        agents={code: agent.name for code, agent in installation.people.agents().items()},
        titles={code: row.title for code, row in installation.people.procedures().items()},
        terms=installation.office.directory.townhall().vocabularies,
        zone=installation.zone,
    )
