"""Finished demands as a table that leaves the town hall, from the page and from the command: nothing personal in it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from projections.journal import Journal, JournalCriteria, JournalMilestone, JournalRow
from projections.reading import Scope
from web.wording import CHANNELS, KINDS, STATUSES

PAGE: Final = 500
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
VOCABULARIES: Final = {"EventAdded": "event_type", "PutOnHold": "reason", "Closed": "outcome"}


class Words(msgspec.Struct, frozen=True):
    """What codes stand for in this town, and its time zone."""

    agents: Mapping[str, str]
    titles: Mapping[str, str]
    terms: Mapping[str, Mapping[str, str]]
    zone: tzinfo

    def agent(self, code: str) -> str:
        """« Zoé Martin (zoe) »; the code alone where it is all that is known."""
        name = self.agents.get(code, code)
        return code if name == code else f"{name} ({code})"

    def term(self, vocabulary: str, code: str) -> str:
        """The label of a configured code."""
        return self.terms[vocabulary].get(code, code)

    def local(self, at: datetime | None) -> datetime | None:
        """An instant as the town's clock shows it."""
        return None if at is None else at.astimezone(self.zone)


def finished(journal: Journal, criteria: JournalCriteria, scope: Scope | None) -> Iterator[JournalRow]:
    """All the rows of a search, some hundreds at a time; never all in memory. Raises BadCursor."""
    page = journal.page(msgspec.structs.replace(criteria, limit=PAGE, cursor=None), scope)
    yield from page.rows
    while page.next is not None:
        page = journal.page(msgspec.structs.replace(criteria, limit=PAGE, cursor=page.next), scope)
        yield from page.rows


def cells(row: JournalRow, words: Words) -> Sequence[object]:
    """One demand under ``COLUMNS``."""
    return (
        row.reference,
        row.procedure,
        words.titles.get(row.procedure, ""),
        row.service,
        STATUSES.get(row.status, row.status),
        words.term("outcome", row.outcome) if row.outcome else "",
        CHANNELS.get(row.channel, row.channel),
        *map(words.local, (row.submitted_at, row.taken_at, row.closed_at, row.erased_at)),
        ", ".join(map(words.agent, row.agents)),
        " | ".join(_milestone(fact, words) for fact in row.milestones),
    )


def _milestone(fact: JournalMilestone, words: Words) -> str:
    detail = f" « {_label(fact, words)} »" if fact.detail else ""
    who = f" ({words.agent(fact.agent)})" if fact.agent else ""
    return f"{words.local(fact.at):%d/%m/%Y %H:%M:%S} {KINDS.get(fact.kind, fact.kind)}{detail}{who}"


def _label(fact: JournalMilestone, words: Words) -> str:
    detail = fact.detail or ""
    if fact.kind == "Reassigned":
        return words.agent(detail)
    return words.term(VOCABULARIES[fact.kind], detail) if fact.kind in VOCABULARIES else detail
