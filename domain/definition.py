"""The form of a procedure, as the town hall defines it, and the checks that keep a definition usable."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

from domain.errors import Invalid
from domain.letters import LetterKind, Silence, Template

CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,39}")
FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_DELAY_DAYS: Final = 3_650
LONGEST_TITLE: Final = 200
LONGEST_SILENCE_MONTHS: Final = 24
LONGEST_APPEAL: Final = 1_000


class FieldType(StrEnum):
    """The kinds of questions a form may ask."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    CHOICE = "choice"
    MULTIPLE_CHOICE = "multiple_choice"
    YES_NO = "yes_no"
    ADDRESS = "address"
    FILE = "file"


class Choice(msgspec.Struct, frozen=True):
    """One answer to choose: the stored value and what the citizen reads."""

    value: str
    label: str


class Condition(msgspec.Struct, frozen=True):
    """A field is shown only if an earlier field has this value, or one of these values."""

    field: str
    equals: str | bool | float | list[str]

    def holds(self, answers: dict[str, Any]) -> bool:
        """Whether the answers given so far show the field."""
        given = answers.get(self.field)
        wanted = self.equals if isinstance(self.equals, list) else [self.equals]
        return any(value in wanted for value in (given if isinstance(given, list) else [given]))


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a form; ``min`` and ``max`` bound numbers, ``max_length`` and ``pattern`` bound texts."""

    name: str
    label: str
    type: FieldType
    required: bool = False
    group: str = ""
    help: str = ""
    choices: list[Choice] = []
    show_if: Condition | None = None
    max_length: int | None = None
    pattern: str | None = None
    min: float | None = None
    max: float | None = None


class Definition(msgspec.Struct, frozen=True):
    """Everything the town decides about a procedure: its form, delays (days, null = none), silence, letters."""

    code: str
    title: str
    service: str
    fields: list[Question] = []
    description: str = ""
    restricted: bool = False
    take_delay_days: int | None = 15
    close_delay_days: int | None = 60
    deletion_delay_days: int | None = None
    delay_calendar: str = "calendar"
    reminder_every_days: int | None = None
    silence: Silence = Silence()
    receipt: bool = True
    templates: dict[str, Template] = {}

    def check(self) -> None:
        """Raise Invalid with every fault of the definition, each under its dotted path."""
        errors: dict[str, list[str]] = {}
        for path, message in faults(self):
            errors.setdefault(path, []).append(message)
        if errors:
            raise Invalid(errors)


def faults(definition: Definition) -> Iterator[tuple[str, str]]:
    """What makes a definition unusable, as (path, sentence in French)."""
    if not CODE.fullmatch(definition.code):
        yield (
            "code",
            "Le code a 1 à 40 caractères parmi A-Z, 0-9 et le tiret, et commence par une lettre ou un chiffre.",
        )
    for name in ("title", "service"):
        if not 1 <= len(getattr(definition, name).strip()) <= LONGEST_TITLE:
            yield name, f"De 1 à {LONGEST_TITLE} caractères."
    for name in ("take_delay_days", "close_delay_days", "deletion_delay_days", "reminder_every_days"):
        days = getattr(definition, name)
        if days is not None and not 1 <= days <= LONGEST_DELAY_DAYS:
            yield name, f"De 1 à {LONGEST_DELAY_DAYS} jours, ou null."
    if definition.delay_calendar not in ("calendar", "working"):
        yield "delay_calendar", "« calendar » ou « working »."
    silence = definition.silence
    if silence.effect not in ("acceptance", "refusal", None) or not 1 <= silence.months <= LONGEST_SILENCE_MONTHS:
        yield "silence", f"« acceptance », « refusal » ou null, après 1 à {LONGEST_SILENCE_MONTHS} mois."
    if silence.appeal and (silence.effect != "refusal" or len(silence.appeal) > LONGEST_APPEAL):
        yield "silence.appeal", f"Voies de recours, si le silence vaut refus ; {LONGEST_APPEAL} caractères au plus."
    yield from _field_faults(definition.fields)
    yield from _template_faults(definition.templates)


def _field_faults(fields: list[Question]) -> Iterator[tuple[str, str]]:
    earlier: dict[str, Question] = {}
    twice = {name for name, count in Counter(field.name for field in fields).items() if count > 1}
    for field in fields:
        path = f"fields.{field.name}"
        if not FIELD_NAME.fullmatch(field.name) or field.name in twice:
            yield path, "Un nom unique de 1 à 40 caractères parmi a-z, 0-9 et _."
        if field.type in (FieldType.CHOICE, FieldType.MULTIPLE_CHOICE) and not field.choices:
            yield f"{path}.choices", "Au moins un choix."
        if field.type is FieldType.FILE and field.required:
            yield f"{path}.required", "Une pièce jointe ne peut pas encore être obligatoire."
        if field.show_if is not None and field.show_if.field not in earlier:
            yield f"{path}.show_if", "La condition porte sur un champ qui précède."
        if field.pattern is not None and not _compiles(field.pattern):
            yield f"{path}.pattern", "L’expression régulière est incorrecte."
        earlier[field.name] = field


def _template_faults(templates: dict[str, Template]) -> Iterator[tuple[str, str]]:
    for kind, template in templates.items():
        if kind not in set(LetterKind):
            yield f"templates.{kind}", "Ce modèle n’existe pas : " + ", ".join(LetterKind) + "."
        if unknown := template.unknown_variables():
            yield f"templates.{kind}", "Variables inconnues : " + ", ".join(unknown) + "."


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def read_definition(raw: Any) -> Definition:
    """The definition in parsed JSON; raises Invalid when its shape or its content is wrong."""
    try:
        definition = msgspec.convert(raw, Definition)
    except msgspec.ValidationError as error:
        raise Invalid({"definition": [str(error)]}) from error
    definition.check()
    return definition
