"""The answers of citizens, judged by forms: what is right is kept, what is wrong is named, nothing breaks."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from domain.definition import Choice, Condition, Definition, FieldType, Question, read_definition
from domain.errors import Invalid
from tests.web.answering import good_answers
from web.answers import is_shown, judged_answers
from web.applicants import judged_applicant
from web.dotted import MOST_PATHS, dotted
from web.typed_answers import typed_answers, typed_applicant

CATALOGUE = sorted((Path(__file__).parents[2] / "suivi" / "catalogue").glob("*.json"))
CHOICES = [Choice("oui", "Oui"), Choice("non", "Non"), Choice("peut-être", "Peut-être")]
ADDRESS = {"line1": "1 rue des Lilas", "postal_code": "67000", "city": "Strasbourg"}
RIGHT: dict[FieldType, Any] = {
    FieldType.TEXT: "Strasbourg",
    FieldType.LONG_TEXT: "Une ligne\nune autre",
    FieldType.DATE: "2024-02-29",
    FieldType.EMAIL: "marie.durand@exemple.fr",
    FieldType.PHONE: "+33 (0)6 12-34.56/78",
    FieldType.NUMBER: 3,
    FieldType.CHOICE: "oui",
    FieldType.MULTIPLE_CHOICE: ["oui", "peut-être"],
    FieldType.YES_NO: False,
    FieldType.ADDRESS: ADDRESS,
}
WRONG: dict[FieldType, list[Any]] = {
    FieldType.TEXT: [3, True, ["a"], {"a": 1}, "a\0b", "\ud800", "deux\nlignes", "x" * 501],
    FieldType.LONG_TEXT: [3, ["a"], "a\0b", "\udfff", "x" * 10_001],
    FieldType.DATE: ["2023-02-29", "20240229", "29/02/2024", "2024-W01-1", "٢٠٢٤-٠١-٠١", 20240229, True],
    FieldType.EMAIL: ["a@b", "a b@c.fr", "a@b.fr,c@d.fr", "a@b.fr\nBcc: c@d.fr", "@b.fr", "a@@b.fr", "Marie <a@b.fr>",
                      1, "a..b@c.fr", ".a@c.fr", f"{'a' * 65}@c.fr", f"a@{'b' * 250}.fr", "a@[127.0.0.1]",
                      "a@127.0.0.1"],
    FieldType.PHONE: ["12", "abc", "06 12 34 56 78 ou 79", "0" * 40, "+", 612345678, "06\n12345678"],
    FieldType.NUMBER: ["3", True, 2**70, float("nan"), float("inf"), -(10**400), [], [3], {"a": 1}, None],
    FieldType.CHOICE: ["autre", ["oui"], 1, {"a": 1}, "\ud800", True],
    FieldType.MULTIPLE_CHOICE: ["oui", ["autre"], ["oui", "oui"], [["oui"]], [1], {"oui": 1}, [None]],
    FieldType.YES_NO: ["oui", "true", 0, 1, [], [True]],
    FieldType.ADDRESS: ["1 rue", [], {"line1": "1 rue"}, ADDRESS | {"line1": 3}, ADDRESS | {"planet": "Mars"},
                        ADDRESS | {"city": "a\0"}, ADDRESS | {"postal_code": "0" * 13}],
    FieldType.FILE: ["contrat.pdf", {"name": "x"}, 1, True],
}  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def form(*questions: Question) -> Definition:
    """A definition that asks these questions."""
    return Definition("TEST", "Test", "Service", list(questions))


def question(kind: FieldType, name: str = "q", **options: Any) -> Question:
    """A required question of a kind, with choices where it needs them."""
    chooses = kind in (FieldType.CHOICE, FieldType.MULTIPLE_CHOICE)
    usual: dict[str, Any] = {"required": kind is not FieldType.FILE, "choices": CHOICES if chooses else []}
    return Question(name, "Question", kind, **(usual | options))


def faults(definition: Definition, raw: Any) -> dict[str, list[str]]:
    """The messages for answers that must be refused."""
    with pytest.raises(Invalid) as refused:
        judged_answers(definition, raw)
    return refused.value.errors


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_answer_is_kept_as_it_is(kind: FieldType) -> None:
    assert judged_answers(form(question(kind)), {"q": RIGHT[kind]}) == {"q": RIGHT[kind]}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in WRONG.items() for value in values])
def test_a_wrong_answer_is_refused_under_its_name_in_french(kind: FieldType, value: Any) -> None:
    errors = faults(form(question(kind)), {"q": value})
    assert errors
    assert all(path == "answers.q" or path.startswith("answers.q.") for path in errors)
    assert not any("field" in message or "Invalid" in message for messages in errors.values() for message in messages)


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("blank", [None, "", "  ", []])
def test_a_blank_is_no_answer(kind: FieldType, blank: Any) -> None:
    assert faults(form(question(kind)), {"q": blank}) == {"answers.q": ["Ce champ est obligatoire."]}
    assert judged_answers(form(question(kind, required=False)), {"q": blank}) == {}


def test_a_field_that_does_not_exist_is_refused_by_its_name() -> None:
    assert faults(form(), {"inconnu": 1}) == {"answers.inconnu": ["Ce champ n’existe pas dans ce formulaire."]}


def test_the_name_of_an_unknown_field_cannot_do_harm() -> None:
    (path,) = faults(form(), {"\ud800\n" + "x" * 10_000: 1})
    assert json.dumps(path, ensure_ascii=False).encode()
    assert len(path) < 100


@pytest.mark.parametrize("raw", [None, 3, "x", [], [1]])
def test_answers_that_are_no_object_are_refused(raw: Any) -> None:
    assert faults(form(question(FieldType.TEXT)), raw) == {"answers": ["Un objet est attendu."]}


def test_limits_of_the_definition_hold() -> None:
    definition = form(
        question(FieldType.TEXT, "short", max_length=3),
        question(FieldType.TEXT, "shaped", pattern=r"\d{3}"),
        question(FieldType.NUMBER, "some", min=1, max=5),
    )
    assert judged_answers(definition, {"short": "abc", "shaped": "123", "some": 5})
    assert faults(definition, {"short": "abcd", "shaped": "123\n4", "some": 0}).keys() == {
        "answers.short", "answers.shaped", "answers.some",
    }  # fmt: skip
    assert faults(definition, {"short": "a", "shaped": "١٢٣", "some": 5.5}).keys() == {"answers.shaped", "answers.some"}


def test_required_means_when_shown_and_what_is_not_shown_is_dropped() -> None:
    definition = form(
        question(FieldType.YES_NO, "company"),
        question(FieldType.TEXT, "name", show_if=Condition("company", equals=True)),
        question(FieldType.TEXT, "deeper", show_if=Condition("name", "Suivi")),
        question(FieldType.FILE, "paper", show_if=Condition("company", equals=True)),
    )
    assert judged_answers(definition, {"company": False, "name": 3, "deeper": [], "paper": "x"}) == {"company": False}
    assert faults(definition, {"company": True}) == {"answers.name": ["Ce champ est obligatoire."]}
    assert faults(definition, {"company": True, "name": " Suivi "}).keys() == {"answers.deeper"}
    assert faults(definition, {"company": True, "name": "Autre", "paper": "x.pdf"}).keys() == {"answers.paper"}


@pytest.mark.parametrize("path", CATALOGUE, ids=lambda path: path.stem)
def test_every_procedure_of_the_catalogue_takes_good_answers(path: Path) -> None:
    definition = read_definition(json.loads(path.read_text()))
    answers = good_answers(definition)
    assert judged_answers(definition, answers) == answers
    required = {f"answers.{q.name}" for q in definition.fields if q.required and q.show_if is None}
    assert faults(definition, {}).keys() >= required


def _require_usable(invalid: Invalid, prefix: str) -> None:
    assert invalid.errors
    assert all(path.startswith(prefix) for path in invalid.errors)
    assert json.dumps(invalid.errors, ensure_ascii=False).encode()


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Any usable form of up to six questions, some shown only after the answer to an earlier one."""
    questions: list[Question] = []
    for number in range(draw(st.integers(0, 6))):
        condition, depends = None, bool(draw(st.booleans()))
        if questions and depends:
            earlier = draw(st.sampled_from(questions))
            values: list[Any] = ["oui", True, 3.0, ["oui", "non"]]
            condition = Condition(earlier.name, draw(st.sampled_from(values)))
        kind = draw(st.sampled_from(list(FieldType)))
        required = kind is not FieldType.FILE and draw(st.booleans())
        questions.append(question(kind, f"q{number}", required=required, show_if=condition))
    definition = form(*questions)
    definition.check()
    return definition


@given(definitions(), st.data())
@settings(max_examples=300)
def test_whatever_is_answered_is_judged_and_what_is_kept_is_judged_the_same_again(
    definition: Definition, data: st.DataObject
) -> None:
    raw = {
        q.name: data.draw(st.just(RIGHT.get(q.type)) | st.sampled_from(WRONG.get(q.type, [None])) | anything)
        for q in definition.fields
        if data.draw(st.booleans())
    }
    try:
        kept = judged_answers(definition, raw)
    except Invalid as invalid:
        _require_usable(invalid, "answers.q")
        return
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept
    assert judged_answers(definition, kept) == kept
    for q in definition.fields:
        assert q.name in kept or not (q.required and is_shown(q, kept))
        assert q.name not in kept or is_shown(q, kept)


@given(anything)
@settings(max_examples=300)
def test_no_applicant_breaks_the_common_block(raw: Any) -> None:
    try:
        judged_applicant({"last_name": raw, "first_name": "A", "email": raw, "phone": raw, "address": {"city": raw}})
    except Invalid as invalid:
        _require_usable(invalid, "applicant.")


def test_an_applicant_is_read_with_all_that_was_given() -> None:
    applicant = judged_applicant(
        {"civility": "Mme", "last_name": " D’Almeida ", "usage_name": "", "first_name": "Zoé", "email": None,
         "phone": "\u202d+33\u00a06 12 34 56 78\u202c", "address": ADDRESS | {"line2": ""}}
    )  # fmt: skip
    assert (applicant.civility, applicant.last_name, applicant.usage_name) == ("Mme", "D’Almeida", None)
    assert (applicant.email, applicant.phone) == (None, "+33 6 12 34 56 78")
    assert applicant.address is not None
    assert (applicant.address.city, applicant.address.line2) == ("Strasbourg", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("last_name", ""), ("last_name", "x" * 101), ("first_name", None), ("first_name", "a\r\nb"),
        ("civility", "Dr"), ("civility", 1), ("email", "a@b.fr,c@d.fr"), ("email", "a@b.fr\0"), ("phone", "06"),
        ("address", []), ("address", "1 rue"), ("nickname", "x"), ("usage_name", "\ud800"),
    ],
)  # fmt: skip
def test_a_wrong_applicant_is_refused_under_the_name_of_the_field(name: str, value: Any) -> None:
    right: dict[str, Any] = {"last_name": "Durand", "first_name": "Marie"}
    if name == "address" and value == []:
        assert judged_applicant(right | {name: value}).address is None
        return
    with pytest.raises(Invalid) as refused:
        judged_applicant(right | {name: value})
    assert [*refused.value.errors] == [f"applicant.{name}"]


def test_names_of_one_and_a_hundred_characters_are_names() -> None:
    for name in ("Ô", "x" * 100, "=cmd|' /C calc'!A0", "<script>", "李"):
        assert judged_applicant({"last_name": name, "first_name": name}).last_name == name


def test_a_typed_form_is_brought_to_the_shapes_of_the_api() -> None:
    definition = form(*(question(kind, f"q_{kind}") for kind in RIGHT))
    typed = MultiDict(
        [
            ("answers.q_text", "Strasbourg"), ("answers.q_long_text", "Une ligne\r\nune autre"),
            ("answers.q_date", "2024-02-29"), ("answers.q_email", "marie.durand@exemple.fr"),
            ("answers.q_phone", "+33 (0)6 12-34.56/78"), ("answers.q_number", "3"), ("answers.q_choice", "oui"),
            ("answers.q_multiple_choice", "oui"), ("answers.q_multiple_choice", "peut-être"),
            ("answers.q_yes_no", "non"), ("answers.q_address.line1", "1 rue des Lilas"),
            ("answers.q_address.postal_code", "67000"), ("answers.q_address.city", "Strasbourg"),
            ("csrf_token", "x"),
        ]
    )  # fmt: skip
    assert judged_answers(definition, typed_answers(definition, typed)) == {f"q_{kind}": RIGHT[kind] for kind in RIGHT}
    assert len(faults(definition, typed_answers(definition, MultiDict()))) == len(RIGHT)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1 234,5", 1234.5),
        ("12", 12),
        ("-3", -3),
        ("1\u202f000", 1000),
        ("douze", None),
        ("9" * 5000, None),
        ("nan", None),
        ("1e999", None),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, meant: float | None) -> None:
    definition = form(question(FieldType.NUMBER))
    answers = typed_answers(definition, MultiDict({"answers.q": typed}))
    if meant is None:
        assert faults(definition, answers).keys() == {"answers.q"}
    else:
        assert judged_answers(definition, answers) == {"q": meant}


def test_a_typed_applicant_leaves_out_a_blank_address() -> None:
    typed = MultiDict({"applicant.last_name": "Durand", "applicant.first_name": "Marie", "applicant.address.city": " "})
    assert judged_applicant(typed_applicant(typed)).address is None


def test_the_number_of_messages_is_bounded() -> None:
    assert len(dotted({str(n): ["x"] for n in range(5_000)})) == MOST_PATHS


def test_marks_of_direction_leave_a_citizen_s_text_and_block_nobody() -> None:
    right = {"last_name": "\u202eDurand\u202c", "first_name": "\u2066Marie\u061c", "email": "m@exemple.fr\u200f"}
    applicant = judged_applicant(right)
    assert (applicant.last_name, applicant.first_name, applicant.email) == ("Durand", "Marie", "m@exemple.fr")
    with pytest.raises(Invalid):
        judged_applicant(right | {"last_name": "\u202e"})
