"""Letters to citizens: which kinds there are, how a template becomes a text, what the law wants said.

The mentions come from the Code des relations entre le public et l'administration (CRPA), articles R112-11-1,
L231-1, L231-4 and L411-2; a procedure whose law has ways of appeal of its own names them in its definition.
"""

import re
from collections.abc import Container, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from domain.ports import Outgoing
from domain.sealing import DataKey, place
from domain.status import ANY, OPEN, Status

VARIABLES: Final = {
    "reference": "la référence de la demande",
    "demarche": "le titre de la démarche",
    "usager": "la civilité et le nom de l’usager",
    "date_reception": "le jour de réception",
    "service": "le service chargé de la demande",
    "coordonnees_service": "l’adresse, le courriel et le téléphone du service",
    "mairie": "le nom de la commune",
    "agent": "le nom de l’agent",
    "issue": "l’issue de la demande",
    "commentaire": "le commentaire de clôture",
    "mentions_legales": "les mentions que la loi demande",
}
_VARIABLE: Final = re.compile(r"\{([a-z_]+)\}")
_OPENED, _CLOSED = "\ue000", "\ue001"
"""Stand for the braces of a variable that is filled later, while the others are looked for."""
_WORD: Final = rf"[\w{_OPENED}{_CLOSED}]++"
_BRACES: Final = re.compile(
    r"(?<!\{)\{++[^{}]*+\}++"
    rf"|[{{}}]++{_WORD}"
    rf"|(?<![\w{_OPENED}{_CLOSED}]){_WORD}(?:\}}++|\{{++(?![^{{}}]*\}}))"
)
"""A pair of braces with what is in it; one alone before a word; one alone after a word."""
_LONGEST_NAMED: Final = 60
_NOTHING: Final = "\0"
"""Stands for a variable without a value while a template is filled; no template and no value holds it."""
_CERTIFICATE: Final = (
    "En l’absence de réponse au plus tard le {deadline}, votre demande sera réputée acceptée. Vous pourrez alors "
    "demander au service une attestation constatant cette acceptation (article L232-3 du code des relations entre le "
    "public et l’administration)."
)
_REFUSED: Final = "En l’absence de réponse au plus tard le {deadline}, votre demande sera réputée refusée."
_APPEAL: Final = (
    "Vous disposerez alors de deux mois pour former un recours gracieux auprès du maire, ou un recours contentieux "
    "devant le tribunal administratif, par courrier ou sur www.telerecours.fr."
)
_NO_DECISION: Final = "Pour cette démarche, le silence de la mairie ne vaut ni acceptation ni refus."


class LetterKind(StrEnum):
    """The kinds of letters a demand can bring to a citizen."""

    REGISTRATION_RECEIPT = "registration_receipt"
    ACKNOWLEDGEMENT = "acknowledgement"
    CONTACT = "contact"
    CLOSURE = "closure"
    DELETION = "deletion"

    @property
    def comes_from(self) -> frozenset[Status]:
        """The statuses in which the letter may be decided; the last words belong to the save that ends the demand."""
        return _COMES_FROM[self]

    @property
    def kept_for(self) -> timedelta:
        """How long its text waits for a mail server, or may be sent again, before it goes."""
        return timedelta(hours=72) if self in LAST_WORDS else timedelta(days=7)

    @property
    def decided_once(self) -> bool:
        """Whether a second decision is refused."""
        return self is not LetterKind.CONTACT


_COMES_FROM: Final = {
    LetterKind.REGISTRATION_RECEIPT: ANY,
    LetterKind.ACKNOWLEDGEMENT: frozenset({Status.IN_PROGRESS, Status.ON_HOLD}),
    LetterKind.CONTACT: OPEN,
    LetterKind.CLOSURE: frozenset({Status.CLOSED}),
    LetterKind.DELETION: frozenset({Status.DELETED}),
}
LAST_WORDS: Final = frozenset({LetterKind.CLOSURE, LetterKind.DELETION})
"""The letters that tell of the end: decided in the save that erases, their text is in the outbox only."""

AFTER_ERASURE: Final = timedelta(minutes=15)
"""How long a letter already on its way may still leave once its demand is erased."""


class Letter(msgspec.Struct, frozen=True):
    """One mail to one person, in plain text; it exists sealed, or in memory while it is written or sent."""

    recipient: str
    subject: str
    body: str

    def __repr__(self) -> str:
        return "Letter()"


def outgoing(key: DataKey, mail_id: UUID, demand_id: UUID, kind: str, text: str, at: datetime) -> Outgoing:
    """A letter about a demand for the outbox, sealed under a key of its own."""
    box = key.seal(text, place(mail_id, 0, "letter")).box
    return Outgoing(mail_id, demand_id, kind, box, at, at + LetterKind(kind).kept_for)


class Template(msgspec.Struct, frozen=True):
    """A subject and a body with variables in braces, ``{reference}``."""

    subject: str
    body: str

    def unknown_variables(self) -> list[str]:
        """The variables that no letter can fill."""
        used = set(_VARIABLE.findall(self.subject + self.body))
        return sorted(used - VARIABLES.keys())

    def fill(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Subject (on one line) and body with the variables replaced; a value missing here becomes nothing.

        A line of which nothing is left goes; the blank lines of the template stay, as room to write.
        """
        subject, body = (
            _VARIABLE.sub(lambda m: values.get(m[1]) or _NOTHING, text) for text in (self.subject, self.body)
        )
        return " ".join(subject.replace(_NOTHING, "").split()), _without_gaps(body).strip() + "\n"


def braces_in(text: str, filled: Container[str] = ()) -> list[str]:
    """The braces that a citizen would read: around anything but the variables ``filled`` later, and lone ones."""
    marked = _VARIABLE.sub(lambda found: f"{_OPENED}{found[1]}{_CLOSED}" if found[1] in filled else found[0], text)
    left = (one.replace(_OPENED, "{").replace(_CLOSED, "}") for one in _BRACES.findall(marked))
    return list(dict.fromkeys(" ".join(one.split())[:_LONGEST_NAMED] for one in left))


def tightened(body: str) -> str:
    """A body with one blank line at most between two paragraphs, and none at either end."""
    return re.sub(r"\n(?:[^\S\n]*\n){2,}", "\n\n", body).strip()


def _without_gaps(body: str) -> str:
    """Drop the lines that held nothing but variables of no value, each with one of the blank lines around it."""
    kept: list[str] = []
    gap = False
    for line in body.split("\n"):
        if _NOTHING in line and not line.replace(_NOTHING, "").strip():
            gap = True
        elif not (gap and not line.strip() and not (kept and kept[-1].strip())):
            kept.append(line.replace(_NOTHING, ""))
            gap = False
    return "\n".join(kept)


class Silence(msgspec.Struct, frozen=True):
    """What the law makes of the town hall's silence: ``acceptance``, ``refusal`` or nothing, after some months.

    ``appeal`` says how to contest a refusal, where the general ways of appeal are not those of the procedure.
    """

    effect: str | None = "acceptance"
    months: int = 2
    appeal: str | msgspec.UnsetType = msgspec.UNSET


def legal_mentions(silence: Silence, received: date) -> str:
    """The paragraph an acknowledgement must carry about silence, its date, appeals or the certificate."""
    sentence = {"acceptance": _CERTIFICATE, "refusal": _REFUSED}.get(silence.effect or "", _NO_DECISION)
    said = sentence.format(deadline=f"{months_later(received, silence.months):%d/%m/%Y}")
    return f"{said} {silence.appeal or _APPEAL}" if silence.effect == "refusal" else said


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month (procedure delays run « de quantième »)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError
