"""A definition that the town hall can use, and every fault that makes one unusable, under its path."""

from typing import Any

import pytest

from domain.definition import Condition, Definition, FieldType, read_definition
from domain.errors import Invalid
from domain.letters import Silence

AEN: dict[str, Any] = {
    "code": "AEN",
    "title": "Acte de naissance",
    "service": "État civil",
    "fields": [
        {"name": "kind", "label": "Type", "type": "choice", "choices": [{"value": "full", "label": "Intégral"}]},
        {"name": "copies", "label": "Nombre", "type": "number", "min": 1, "max": 5},
        {"name": "why", "label": "Pourquoi", "type": "text", "show_if": {"field": "kind", "equals": "full"}},
        {"name": "paper", "label": "Pièce", "type": "file"},
    ],
}


def faults(**changes: Any) -> dict[str, list[str]]:
    """The faults of the definition above after some changes."""
    with pytest.raises(Invalid) as caught:
        read_definition(AEN | changes)
    return caught.value.errors


def field(**changes: Any) -> list[dict[str, Any]]:
    """One field named ``x``."""
    return [{"name": "x", "label": "X", "type": "text"} | changes]


def test_what_is_left_out_has_a_sensible_default() -> None:
    definition = read_definition(AEN)
    assert (definition.take_delay_days, definition.close_delay_days, definition.deletion_delay_days) == (15, 60, None)
    assert (definition.delay_calendar, definition.reminder_every_days, definition.receipt) == ("calendar", None, True)
    assert definition.silence == Silence("acceptance", 2)
    assert definition.fields[1].type is FieldType.NUMBER


@pytest.mark.parametrize("code", ["A", "7", "WABO-GENERAL", "A" * 40])
def test_a_good_code(code: str) -> None:
    assert read_definition(AEN | {"code": code}).code == code


@pytest.mark.parametrize("code", ["", "aen", "-A", "A" * 41, "AÉN", "AEN\n", "A B"])
def test_a_bad_code(code: str) -> None:
    assert list(faults(code=code)) == ["code"]


@pytest.mark.parametrize("name", ["title", "service"])
@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_a_title_and_a_service_have_1_to_200_characters(name: str, text: str) -> None:
    assert list(faults(**{name: text})) == [name]


@pytest.mark.parametrize("name", ["take_delay_days", "close_delay_days", "deletion_delay_days", "reminder_every_days"])
@pytest.mark.parametrize("days", [0, -1, 3_651])
def test_delays_are_days_or_nothing(name: str, days: int) -> None:
    assert list(faults(**{name: days})) == [name]
    assert getattr(read_definition(AEN | {name: None}), name) is None


def test_days_are_calendar_or_working() -> None:
    assert list(faults(delay_calendar="lunar")) == ["delay_calendar"]


@pytest.mark.parametrize("silence", [{"effect": "shrug"}, {"months": 0}, {"months": 25}])
def test_silence_means_what_the_law_knows(silence: dict[str, Any]) -> None:
    assert list(faults(silence=silence)) == ["silence"]


@pytest.mark.parametrize(
    "silence",
    [
        {"effect": "acceptance", "appeal": "Devant le préfet."},
        {"effect": None, "appeal": "Devant le préfet."},
        {"effect": "refusal", "appeal": "x" * 1_001},
    ],
)
def test_ways_of_appeal_go_with_a_refusal(silence: dict[str, Any]) -> None:
    assert list(faults(silence=silence)) == ["silence.appeal"]
    silence = {"effect": "refusal", "appeal": "Devant le préfet."}
    assert read_definition(AEN | {"silence": silence}).silence.appeal == "Devant le préfet."


@pytest.mark.parametrize("name", ["", "X", "1a", "a-b", "a" * 41])
def test_a_field_has_a_plain_name(name: str) -> None:
    assert list(faults(fields=field(name=name))) == [f"fields.{name}"]


def test_a_field_name_is_used_once() -> None:
    assert list(faults(fields=field() + field())) == ["fields.x"]


@pytest.mark.parametrize("kind", ["choice", "multiple_choice"])
def test_a_choice_needs_choices(kind: str) -> None:
    assert list(faults(fields=field(type=kind))) == ["fields.x.choices"]


def test_a_file_is_never_required_yet() -> None:
    assert list(faults(fields=field(type="file", required=True))) == ["fields.x.required"]


@pytest.mark.parametrize("other", ["x", "later", "nowhere"])
def test_a_condition_looks_back(other: str) -> None:
    later = [{"name": "later", "label": "L", "type": "text"}]
    assert list(faults(fields=field(show_if={"field": other, "equals": "a"}) + later)) == ["fields.x.show_if"]


def test_a_pattern_compiles() -> None:
    assert list(faults(fields=field(pattern="("))) == ["fields.x.pattern"]


def test_a_template_is_of_a_known_kind_and_uses_known_variables() -> None:
    letter = {"subject": "{reference}", "body": "{nom_du_chat} {usager} {age}"}
    errors = faults(templates={"poem": {"subject": "", "body": ""}, "closure": letter})
    assert list(errors) == ["templates.poem", "templates.closure"]
    assert errors["templates.closure"] == ["Variables inconnues : age, nom_du_chat."]


def test_every_fault_is_told_at_once() -> None:
    assert set(faults(code="", title="", fields=field(name="X"))) == {"code", "title", "fields.X"}


@pytest.mark.parametrize("raw", [None, [], "AEN", {}, AEN | {"fields": 3}, AEN | {"fields": field(type="oracle")}])
def test_a_wrong_shape_is_told_as_well(raw: Any) -> None:
    with pytest.raises(Invalid) as caught:
        read_definition(raw)
    assert list(caught.value.errors) == ["definition"]


@pytest.mark.parametrize(
    ("equals", "answer", "shown"),
    [
        ("full", "full", True),
        ("full", "short", False),
        ("full", None, False),
        (["a", "b"], "b", True),
        (["a", "b"], "c", False),
        ("a", ["b", "a"], True),
        (True, True, True),
        (True, False, False),
        (2.0, 2, True),
    ],
)
def test_a_field_is_shown_by_an_earlier_answer(equals: Any, answer: Any, *, shown: bool) -> None:
    assert Condition("kind", equals).holds({"kind": answer}) is shown


def test_a_definition_is_checked_whoever_made_it() -> None:
    with pytest.raises(Invalid):
        Definition("aen", "Acte", "État civil").check()
