"""What citizens answer, judged by the form of the procedure: its definition becomes a marshmallow schema.

Values have the shapes of the JSON API; ``web.typed_answers`` brings HTML forms to these shapes.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from marshmallow import ValidationError, fields, pre_load

from domain.definition import Definition, FieldType, Question
from domain.errors import Invalid
from web.answer_fields import (
    LONGEST_LINE,
    LONGEST_TEXT,
    AddressAnswer,
    Amount,
    Attachment,
    Block,
    Day,
    EmailAddress,
    Line,
    LongText,
    OneOf,
    Phone,
    SomeOf,
    YesNo,
    given,
    says,
)
from web.dotted import dotted

_MOST_FORMS: Final = 256
_LINES: Final = {FieldType.TEXT: Line, FieldType.EMAIL: EmailAddress, FieldType.PHONE: Phone, FieldType.DATE: Day}


class Answers(Block):
    """The answers to one form: those to fields that are not shown are dropped, required means when shown."""

    questions: Sequence[Question] = ()
    error_messages = says(unknown="Ce champ n’existe pas dans ce formulaire.", type="Un objet est attendu.")

    @pre_load
    def leave_blanks_out(self, data: Any, **_: Any) -> Any:
        """Keep what was answered among what is shown; null stands for what is asked for and missing."""
        if not isinstance(data, Mapping):
            return data
        asked = {question.name for question in self.questions}
        kept = {name: value for name, value in data.items() if name not in asked}
        for question in self.questions:
            value = data.get(question.name)
            if not is_shown(question, kept):
                continue
            if given(value):
                kept[question.name] = value.strip() if isinstance(value, str) else value
            elif question.required:
                kept[question.name] = None
        return kept


def is_shown(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the citizen sees the field, by what he answered before it."""
    return question.show_if is None or question.show_if.holds(dict(answers))


def answers_schema(definition: Definition) -> Answers:
    """The schema of a form; made once for equal forms."""
    return _schema(msgspec.json.encode(definition.fields))


def judged_answers(definition: Definition, raw: Any) -> dict[str, Any]:
    """The answers that the town hall keeps; raises Invalid with the faults under ``answers.<name>``."""
    try:
        answers: dict[str, Any] = answers_schema(definition).load(raw)
    except ValidationError as error:
        raise Invalid(dotted(error.messages, "answers")) from None
    return answers


@lru_cache(_MOST_FORMS)
def _schema(encoded: bytes) -> Answers:
    questions = msgspec.json.decode(encoded, type=list[Question])
    named = {question.name: _field(question) for question in questions}
    schema = Answers.from_dict(named, name="AnswersOfForm")()
    schema.questions = questions  # type: ignore[attr-defined]  # from_dict is typed as any Schema
    return schema  # type: ignore[return-value]


def _field(question: Question) -> fields.Field[Any]:
    """The field that judges one question."""
    values = [choice.value for choice in question.choices]
    match question.type:
        case FieldType.NUMBER:
            return Amount(question.min, question.max)
        case FieldType.YES_NO:
            return YesNo()
        case FieldType.CHOICE:
            return OneOf(values)
        case FieldType.MULTIPLE_CHOICE:
            return SomeOf(values)
        case FieldType.ADDRESS:
            return AddressAnswer()
        case FieldType.FILE:
            return Attachment()
        case FieldType.LONG_TEXT:
            return LongText(question.max_length or LONGEST_TEXT, question.pattern)
        case _:
            return _LINES[question.type](question.max_length or LONGEST_LINE, question.pattern)
