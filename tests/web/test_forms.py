"""Forms: French messages, only their own fields, blank as absent, faults under dotted paths."""

from datetime import date
from typing import Any

import pytest
from marshmallow import validate
from werkzeug.datastructures import MultiDict

from domain.errors import Invalid
from web.forms import Email, Form, FrenchSchema, Length, OneOf, Range, Regexp, fields, flattened


class Inner(FrenchSchema):
    last_name = fields.String(required=True)


class Example(Form):
    reason = fields.String(required=True, validate=Length(max=5))
    detail = fields.String(load_default=None)
    body = fields.String(load_default=None, metadata={"keep_blank": True})
    copies = fields.Integer(load_default=1, validate=Range(min=1, max=9))
    day = fields.Date(load_default=None)
    references = fields.List(fields.String(validate=OneOf(["a", "b"])), load_default=list)
    own = fields.String(load_default="", error_messages={"invalid": "Ma phrase."}, validate=Regexp("[a-z]*$"))
    email = fields.Email(load_default=None)
    other = fields.String(load_default=None, validate=Email())
    applicant = fields.Nested(Inner, load_default=None)


def typed(**values: Any) -> MultiDict[str, str]:
    return MultiDict({"reason": "avis", **values})


def test_only_its_own_fields_are_read() -> None:
    loaded = Example().load(typed(csrf_token="x", version="3", command_id="y", surprise="z"))
    assert set(loaded) == set(Example().fields)


def test_blank_is_absent_unless_the_field_keeps_it() -> None:
    loaded = Example().load(typed(detail="  ", body=" ", copies=""))
    assert (loaded["detail"], loaded["body"], loaded["copies"]) == (None, " ", 1)


def test_line_ends_are_those_of_the_house() -> None:
    assert Example().load(typed(detail="un\r\ndeux\rtrois"))["detail"] == "un\ndeux\ntrois"


def test_marks_of_direction_are_left_out() -> None:
    loaded = Example().load(typed(reason="\u202eavis\u202c", detail="\u2066 un\u061c\u200f\u2069", body="\u200e"))
    assert (loaded["reason"], loaded["detail"], loaded["body"]) == ("avis", " un", "")


def test_repeated_fields_are_a_list() -> None:
    assert Example().load(typed(references=["a", "b"]))["references"] == ["a", "b"]
    assert Example().load(typed(references="a"))["references"] == ["a"]
    assert Example().load({"reason": "avis", "references": ["b"], "day": "2027-03-01"})["day"] == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"reason": ""}, {"reason": ["À renseigner."]}),
        ({"reason": "trop long"}, {"reason": ["Au plus 5 caractères."]}),
        ({"copies": "deux"}, {"copies": ["Un nombre entier est attendu."]}),
        ({"copies": "12"}, {"copies": ["De 1 à 9."]}),
        ({"copies": "9" * 5_000}, {"copies": ["Un nombre entier est attendu."]}),
        ({"day": "31/02/2027"}, {"day": ["Une date est attendue."]}),
        ({"references": ["a", "z"]}, {"references.1": ["Choisissez une des valeurs proposées."]}),
        ({"own": "A"}, {"own": ["La forme de ce texte ne convient pas."]}),
        ({"email": "marie"}, {"email": ["Cette adresse électronique ne convient pas\u00a0: nom@exemple.fr."]}),
        ({"other": "marie"}, {"other": ["Cette adresse électronique ne convient pas\u00a0: nom@exemple.fr."]}),
    ],
)
def test_messages_are_french(values: dict[str, Any], errors: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        Example().load(typed(**values))
    assert refused.value.errors == errors


def test_nested_faults_have_dotted_paths() -> None:
    with pytest.raises(Invalid) as refused:
        Example().load({"reason": "avis", "applicant": {}, "own": 12})
    assert refused.value.errors == {"applicant.last_name": ["À renseigner."], "own": ["Ma phrase."]}
    assert flattened(["Tout est faux."]) == {"_schema": ["Tout est faux."]}
    assert flattened({"a": {"_schema": ["Non."]}}) == {"a": ["Non."]}


def test_no_english_sentence_is_left_in_the_library_fields_we_use() -> None:
    kinds = (fields.String, fields.Integer, fields.Float, fields.Boolean, fields.Date, fields.DateTime, fields.Email)
    for kind in kinds:

        class One(FrenchSchema):
            field = kind()

        messages = One().fields["field"].error_messages
        assert not [text for text in messages.values() if "ot a valid" in text or "issing" in text], kind
    assert validate.Length.message_max != Length.message_max
