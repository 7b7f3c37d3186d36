"""Finished demands as a table that leaves the town hall, from the page and from the command: nothing personal in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import msgspec

from projections.journal import Journal, JournalCriteria, JournalMilestone, JournalRow
from projections.reading import Scope
from web.wording import CHANNELS, ERASURES, KINDS, LETTERS, STATUSES

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


def milestone(fact: JournalMilestone) -> dict[str, Any]:
    """One fact of a finished demand as a document for programs; an event says of which type it is."""
    told = {"kind": fact.kind, "at": fact.at, "agent": fact.agent}
    return told | {"event_type": fact.detail} if fact.kind == "EventAdded" else told


def code_label(kind: str, code: str | None, agent: Callable[[str], str], term: Callable[[str, str], str]) -> str:
    """What a milestone's code stands for in the town's words, on the page and in files; nothing where it adds nothing.

    ``agent`` names an agent from a code, ``term`` a configured code from its vocabulary.
    """
    if not code:
        return ""
    if kind in VOCABULARIES:
        return term(VOCABULARIES[kind], code)
    if kind.startswith("Mail"):
        return LETTERS.get(code, code)
    if kind == "Reassigned":
        return agent(code)
    return ERASURES.get(code, "") if kind == "PersonalDataErased" else ""


def _milestone(fact: JournalMilestone, words: Words) -> str:
    label = code_label(fact.kind, fact.detail, words.agent, words.term)
    detail = f" « {label} »" if label else ""
    who = f" ({words.agent(fact.agent)})" if fact.agent else ""
    return f"{words.local(fact.at):%d/%m/%Y %H:%M:%S} {KINDS.get(fact.kind, fact.kind)}{detail}{who}"
