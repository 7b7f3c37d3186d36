"""The content of a demand as agents read it: the citizen, then his answers, grouped as in the form."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec

from domain.applicant import Address, Applicant
from domain.definition import FieldType, Question
from domain.dossier import Dossier

APPLICANT: Final = "Usager"
UNGROUPED: Final = "Demande"
ON_PAPER: Final = "Pièce apportée ou envoyée sur papier"


class Entry(msgspec.Struct, frozen=True):
    """One line of a sheet; ``link`` is a scheme (``mailto``, ``tel``) when the value can be followed.

    ``missing`` is said where there is no line: a form's own questions are of any gender, « sans réponse » of none.
    """

    label: str
    lines: list[str]
    link: str | None = None
    missing: str = "sans réponse"


class Group(msgspec.Struct, frozen=True):
    """The lines under one title of the form."""

    title: str
    entries: list[Entry]


def sheet(dossier: Dossier) -> list[Group]:
    """The whole content; nothing at all once erased, or for a reader without the right."""
    if dossier.demand.erased_at is not None:
        return []
    applicant, answers = dossier.applicant, dossier.answers
    if applicant is None or answers is None:
        return []
    return [Group(APPLICANT, list(_about(applicant))), *_grouped(dossier.form.fields, answers)]


def _about(applicant: Applicant) -> Iterator[Entry]:
    lines = {
        "Civilité": applicant.civility,
        "Nom de naissance": applicant.last_name,
        "Nom d’usage": applicant.usage_name,
        "Prénoms": applicant.first_name,
    }
    for label, value in lines.items():
        if value:
            yield Entry(label, [value])
    yield Entry("Courriel", [applicant.email] if applicant.email else [], "mailto", "non renseigné")
    yield Entry("Téléphone", [applicant.phone] if applicant.phone else [], "tel", "non renseigné")
    address = address_lines(applicant.address) if applicant.address else []
    yield Entry("Adresse postale", address, missing="non renseignée")


def address_lines(address: Address) -> list[str]:
    """An address as it stands on an envelope."""
    place = f"{address.postal_code} {address.city}"
    return [line for line in (address.line1, address.line2, place, address.country) if line]


def _grouped(questions: list[Question], answers: dict[str, Any]) -> list[Group]:
    groups: dict[str, list[Entry]] = {}
    for question in questions:
        if question.show_if is None or question.show_if.holds(answers):
            entries = groups.setdefault(question.group or UNGROUPED, [])
            entries.append(Entry(question.label, _lines(question, answers.get(question.name)), _link(question)))
    rest = {name: value for name, value in answers.items() if name not in {question.name for question in questions}}
    if rest:
        groups["Autres réponses"] = [Entry(name, _plain(value)) for name, value in sorted(rest.items())]
    return [Group(title, entries) for title, entries in groups.items()]


def _lines(question: Question, value: Any) -> list[str]:
    if question.type is FieldType.FILE:
        return [ON_PAPER]
    if value is None or value in ("", []):
        return []
    labels = {choice.value: choice.label for choice in question.choices}
    if question.type is FieldType.CHOICE:
        return [labels.get(str(value), str(value))]
    if question.type is FieldType.MULTIPLE_CHOICE and isinstance(value, list):
        return [labels.get(str(one), str(one)) for one in value]
    if question.type is FieldType.DATE:
        return [_day(str(value))]
    if question.type is FieldType.ADDRESS:
        return _address(value)
    return _plain(value)


def _address(value: Any) -> list[str]:
    try:
        return address_lines(msgspec.convert(value, Address))
    except msgspec.ValidationError:
        return _plain(value)


def _plain(value: Any) -> list[str]:
    """Any answer in words: imported histories may carry some that no form describes."""
    if isinstance(value, bool):
        return ["Oui" if value else "Non"]
    if isinstance(value, int | float):
        return [f"{value:.12g}".replace(".", ",")]
    if isinstance(value, dict):
        return [line for one in value.values() if one is not None for line in _plain(one)]
    if isinstance(value, list):
        return [line for one in value for line in _plain(one)]
    return str(value).splitlines()


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%d/%m/%Y}"
    except ValueError:
        return text


def _link(question: Question) -> str | None:
    return {FieldType.EMAIL: "mailto", FieldType.PHONE: "tel"}.get(question.type)
