"""HTML forms brought to the shapes of the JSON API, so that one schema judges both; names are ``answers.<field>``."""

from typing import Any, Final

from werkzeug.datastructures import MultiDict

from domain.definition import Definition, FieldType, Question

_ADDRESS: Final = ("line1", "line2", "postal_code", "city", "country")
_APPLICANT: Final = ("civility", "last_name", "usage_name", "first_name", "email", "phone")
_YES_NO: Final = {"true": True, "oui": True, "false": False, "non": False}
_LONGEST_NUMBER: Final = 30


def typed_answers(definition: Definition, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, by field; what cannot be brought to its shape stays a text, which the schema refuses."""
    values = ((question.name, _value(question, form)) for question in definition.fields)
    return {name: value for name, value in values if value is not None}


def typed_applicant(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed in the common block."""
    block: dict[str, Any] = {name: form.get(f"applicant.{name}", "") for name in _APPLICANT}
    return block | {"address": _address("applicant.address", form)}


def _value(question: Question, form: MultiDict[str, str]) -> Any:
    name = f"answers.{question.name}"
    if question.type is FieldType.ADDRESS:
        return _address(name, form)
    if question.type is FieldType.MULTIPLE_CHOICE:
        return [value for value in form.getlist(name) if value]
    typed = form.get(name, "").strip()
    if not typed:
        return None
    if question.type is FieldType.NUMBER:
        return _number(typed)
    return _YES_NO.get(typed, typed) if question.type is FieldType.YES_NO else typed


def _address(name: str, form: MultiDict[str, str]) -> dict[str, str] | None:
    """None when every line is blank: the citizen gave no address."""
    lines = {line: form.get(f"{name}.{line}", "") for line in _ADDRESS}
    return lines if any(line.strip() for line in lines.values()) else None


def _number(typed: str) -> int | float | str:
    """« 1 234,5 » as people type it."""
    plain = "".join(typed.split()).replace(",", ".")
    if len(plain) > _LONGEST_NUMBER or not plain.isascii():
        return typed
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return typed
