"""Good answers to any form, for tests: the first choice, the smallest number, a text of the right shape."""

import re
from typing import Any

from domain.definition import Definition, FieldType, Question
from web.answers import is_shown

_SAMPLES = (
    "PC 067 482 26 A0001", "W123456789", "12345678901234", "1234567890123456", "1234567", "12345678", "AB123456",
    "A 12", "AB-123", "67", "10:30",
)  # fmt: skip
_VALUES: dict[FieldType, Any] = {
    FieldType.TEXT: "Dupré",
    FieldType.LONG_TEXT: "Première ligne\nseconde ligne",
    FieldType.DATE: "2026-03-29",
    FieldType.EMAIL: "zoe.dupre@exemple.fr",
    FieldType.PHONE: "06 12 34 56 78",
    FieldType.YES_NO: True,
    FieldType.ADDRESS: {"line1": "3 rue du Puits", "postal_code": "67000", "city": "Strasbourg"},
}


def good_answers(definition: Definition) -> dict[str, Any]:
    """An answer to each field that is shown, attachments left out."""
    answers: dict[str, Any] = {}
    for question in definition.fields:
        if question.type is not FieldType.FILE and is_shown(question, answers):
            answers[question.name] = _answer(question)
    return answers


def good_applicant(**changed: Any) -> dict[str, Any]:
    """A citizen with everything."""
    return {
        "civility": "Mme", "last_name": "Dupré", "first_name": "Zoé", "email": "zoe.dupre@exemple.fr",
        "phone": "06 12 34 56 78", "address": dict(_VALUES[FieldType.ADDRESS]),
    } | changed  # fmt: skip


def _answer(question: Question) -> Any:
    match question.type:
        case FieldType.CHOICE:
            return question.choices[0].value
        case FieldType.MULTIPLE_CHOICE:
            return [choice.value for choice in question.choices[:2]]
        case FieldType.NUMBER:
            return question.min if question.min is not None else 1
        case _ if question.pattern is not None:
            return next(text for text in _SAMPLES if re.fullmatch(question.pattern, text))
        case FieldType.TEXT:
            return _VALUES[question.type][: question.max_length]
        case _:
            return _VALUES[question.type]
