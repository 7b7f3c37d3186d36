"""The templates of a procedure's letters as administrators write them, and how a letter would look."""

from collections.abc import Mapping
from typing import Final

from domain.applicant import Applicant
from domain.definition import Definition
from domain.drafts import DEFAULTS, draft, values
from domain.errors import Invalid
from domain.letters import LetterKind, Template
from domain.references import EXAMPLE
from web import current
from web.forms import OneOf

NOBODY: Final = Applicant("Exemple", "Camille", civility="Mme")
AT_CLOSURE: Final = {"issue": "traitée", "commentaire": "Le document vous attend à l’accueil."}


def templates_of(texts: Mapping[LetterKind, tuple[str, str]]) -> dict[str, Template]:
    """The templates of the procedure's own: those left empty, or equal to Suivi's, follow Suivi's."""
    own = {kind: Template(subject.strip(), body) for kind, (subject, body) in texts.items() if body.strip()}
    return {str(kind): one for kind, one in own.items() if not _same(one, DEFAULTS[kind])}


def previewed(definition: Definition, kind: str) -> tuple[str, str]:
    """Subject and body of a letter of this kind to an applicant who does not exist; raises Invalid."""
    if kind not in set(LetterKind):
        raise Invalid({"_schema": [OneOf.default_message]})
    parts, agent = current.parts(), current.agent().name
    townhall = parts.office.directory.townhall()
    known = values(EXAMPLE, definition, townhall, current.now(), parts.zone, NOBODY, agent)
    return draft(definition, LetterKind(kind), known | AT_CLOSURE)


def _same(one: Template, other: Template) -> bool:
    return (one.subject.strip(), one.body.strip()) == (other.subject.strip(), other.body.strip())
