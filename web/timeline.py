"""The history of a demand as agents read it: who, when, what, and the texts that may still be opened."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from domain.demand import Demand
from domain.dossier import Dossier
from domain.facts import Fact
from domain.letters import Letter

TEXTS: Final = {"detail": "Précision", "note": "Note", "comment": "Commentaire"}


class Text(msgspec.Struct, frozen=True):
    """A free text of a fact: its lines, or why they are not shown (``sealed``, ``erased``)."""

    label: str
    lines: list[str]
    hidden: str | None = None


class Moment(msgspec.Struct, frozen=True):
    """One step of the life of a demand; ``fact`` lets the page say it in French."""

    fact: Fact
    at: datetime
    agent: str | None
    texts: list[Text]
    letter: Letter | None = None


def timeline(dossier: Dossier) -> list[Moment]:
    """The steps, the latest first."""
    return [_moment(dossier, fact) for fact in reversed(dossier.facts)]


def _moment(dossier: Dossier, fact: Fact) -> Moment:
    letter = dossier.letter(fact) if dossier.demand.erased_at is None else None
    texts = [*_texts(dossier, fact), *([] if letter else _unread_letter(dossier, fact))]
    return Moment(fact, fact.timestamp, fact.agent, texts, letter)


def _texts(dossier: Dossier, fact: Fact) -> Iterator[Text]:
    for field, label in TEXTS.items():
        if getattr(fact, field, None) is None:
            continue
        opened = dossier.opened(fact, field) if dossier.demand.erased_at is None else None
        yield Text(label, [], _why(dossier)) if opened is None else Text(label, opened.splitlines())


def _unread_letter(dossier: Dossier, fact: Fact) -> Iterator[Text]:
    if isinstance(fact, Demand.MailRequested) and (fact.letter is not None or dossier.demand.erased_at is not None):
        yield Text("Texte du courriel", [], _why(dossier))


def _why(dossier: Dossier) -> str:
    return "sealed" if dossier.demand.erased_at is None else "erased"
