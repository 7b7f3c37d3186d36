"""The demo's citizens are believable, their answers are accepted, and nobody real is among them."""

import json
import random
import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from suivi.demo import people, town
from suivi.demo.answers import answers

CATALOGUE: Final = Path(__file__).parents[2] / "suivi" / "catalogue"
DEFINITIONS: Final = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CATALOGUE.glob("*.json"))]
TODAY: Final = date(2025, 11, 24)
ROLES: Final = {"agent", "head", "admin", "auditor", "analyst"}
EVENT_TYPES: Final = {
    "piece_demandee",
    "piece_recue",
    "appel_usager",
    "acte_expedie",
    "rendez_vous_fixe",
    "courrier_envoye",
}


def by_code(code: str) -> dict[str, Any]:
    return next(definition for definition in DEFINITIONS if definition["code"] == code)


def shown(field: dict[str, Any], given: dict[str, Any]) -> bool:
    if "show_if" not in field:
        return True
    value, wanted = given.get(field["show_if"]["field"]), field["show_if"]["equals"]
    wanted = wanted if isinstance(wanted, list) else [wanted]
    return any(one in wanted for one in (value if isinstance(value, list) else [value]))


def faults(definition: dict[str, Any], given: dict[str, Any]) -> list[str]:
    fields = {field["name"]: field for field in definition["fields"]}
    unknown = [f"{name}: unknown" for name in given if name not in fields]
    hidden = [f"{name}: hidden" for name in given if name in fields and not shown(fields[name], given)]
    missing = [
        f"{name}: missing"
        for name, field in fields.items()
        if field["required"] and shown(field, given) and name not in given
    ]
    wrong = [
        f"{name}: {value!r}" for name, value in given.items() if name in fields and not accepted(fields[name], value)
    ]
    return unknown + hidden + missing + wrong


def accepted(field: dict[str, Any], value: Any) -> bool:
    values = [choice["value"] for choice in field.get("choices", [])]
    match field["type"]:
        case "choice":
            return value in values
        case "multiple_choice":
            return 0 < len(value) == len(set(value)) and set(value) <= set(values)
        case "yes_no":
            return isinstance(value, bool)
        case "number":
            return type(value) is int and bool(field["min"] <= value <= field["max"])
        case "date":
            return bool(date.fromisoformat(value).isoformat() == value)
        case "address":
            return (
                {"line1", "postal_code", "city"} <= set(value) <= {"line1", "line2", "postal_code", "city", "country"}
            )
        case "phone":
            return str(value).startswith(people.FICTION_BLOCKS) and len(value) == 10
        case "email":
            return is_fictional_mail(value)
        case "text" | "long_text":
            fits = re.fullmatch(field.get("pattern", r"(?s).+"), value) and len(value) <= field["max_length"]
            return bool(fits) and not re.search("[§¤#]", value)
        case _:
            return False


def is_fictional_mail(value: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+@example\.(org|com|net)", value))


def generated(definition: dict[str, Any], count: int = 200) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    rng = random.Random(f"{definition['code']}-2025")
    citizens = [people.applicant(rng) for _ in range(count)]
    return [(citizen, answers(definition, rng, TODAY, applicant=citizen)) for citizen in citizens]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition["code"])
def test_two_hundred_answers_respect_the_form(definition: dict[str, Any]) -> None:
    for _, given in generated(definition):
        assert faults(definition, given) == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition["code"])
def test_answers_without_a_known_applicant_and_on_any_day_are_accepted(definition: dict[str, Any]) -> None:
    rng = random.Random(7)
    for day in (date(2024, 2, 29), date(2025, 12, 31), date(2026, 9, 1)):
        for _ in range(30):
            assert faults(definition, answers(definition, rng, day)) == []


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition["code"])
def test_every_field_is_answered_now_and_then_except_files(definition: dict[str, Any]) -> None:
    answered = {name for _, given in generated(definition, 600) for name in given}
    rare = {"birth_country", "nationality", "consulate"}
    expected = {field["name"] for field in definition["fields"] if field["type"] != "file"}
    assert expected - answered <= rare
    assert answered <= expected


def test_the_same_seed_makes_the_same_demands() -> None:
    assert generated(DEFINITIONS[0], 20) == generated(DEFINITIONS[0], 20)


def test_birth_dates_are_past_and_stays_are_short() -> None:
    spans = (("arrival_date", "departure_date"), ("start_date", "end_date"), ("opening_date", "closing_date"))
    for _, given in (demand for definition in DEFINITIONS for demand in generated(definition)):
        assert all(value < str(TODAY) for name, value in given.items() if name.endswith("birth_date"))
        for first, last in spans:
            if last in given:
                stay = date.fromisoformat(given[last]) - date.fromisoformat(given[first])
                assert 0 <= stay.days <= 90


def test_deaths_follow_births_and_weddings_follow_childhood() -> None:
    for _, given in generated(by_code("AED")):
        assert given.get("deceased_birth_date", "0") < given["death_date"] < str(TODAY)
    for _, given in generated(by_code("SLF")):
        assert "marriage_date" not in given or given["holder1_birth_date"] < given["marriage_date"] < str(TODAY)


def test_who_asks_for_himself_is_named_alike() -> None:
    own = [(citizen, given) for citizen, given in generated(by_code("AEN")) if given["quality"] == "self"]
    assert len(own) > 50
    assert all(given["person_last_name"] == citizen["last_name"] for citizen, given in own)


def test_a_young_citizen_has_just_turned_sixteen() -> None:
    for _, given in generated(by_code("RCC")):
        assert 16 * 365.25 <= (TODAY - date.fromisoformat(given["young_birth_date"])).days <= 16 * 365.25 + 92


def test_an_unknown_form_is_answered_by_type() -> None:
    fields = [
        {"name": "anything", "label": "?", "type": kind, "required": True}
        for kind in ("text", "long_text", "date", "email", "phone", "number", "yes_no", "address", "file")
    ]
    for rank, field in enumerate(fields):
        field["name"] = f"{field['name']}_{rank}"
    given = answers({"code": "NEW", "fields": fields}, random.Random(1), TODAY)
    assert list(given) == [f"anything_{rank}" for rank in range(8)]


def test_a_pattern_nobody_can_guess_is_named() -> None:
    fields = [{"name": "riddle", "label": "?", "type": "text", "required": True, "pattern": "zz+z9{40}"}]
    with pytest.raises(ValueError, match=r"NEW\.riddle"):
        answers({"code": "NEW", "fields": fields}, random.Random(1), TODAY)


def test_citizens_have_the_shape_of_the_common_block() -> None:
    rng = random.Random(36)
    citizens = [people.applicant(rng) for _ in range(3_000)]
    for citizen in citizens:
        assert {"civility", "last_name", "first_name"} <= set(citizen)
        assert set(citizen) <= {"civility", "last_name", "usage_name", "first_name", "email", "phone", "address"}
        assert citizen["civility"] in ("Mme", "M.", None)
        assert "email" not in citizen or is_fictional_mail(citizen["email"])
        assert "phone" not in citizen or re.fullmatch(
            f"({'|'.join(people.FICTION_BLOCKS)})[0-9]{{4}}", citizen["phone"]
        )
        assert "address" not in citizen or {"line1", "postal_code", "city"} <= set(citizen["address"])
    assert 0.7 < sum("email" in citizen for citizen in citizens) / len(citizens) < 0.8
    assert 0.87 < sum("address" in citizen for citizen in citizens) / len(citizens) < 0.93


def test_addresses_and_mail_can_be_always_or_never_there() -> None:
    rng = random.Random(5)
    assert all({"email", "address"} <= set(people.applicant(rng, with_email=1, with_address=1)) for _ in range(50))
    assert not any({"email", "address"} & set(people.applicant(rng, with_email=0, with_address=0)) for _ in range(50))


def test_names_are_as_varied_as_france() -> None:
    rng = random.Random(11)
    names = {people.applicant(rng)["last_name"] for _ in range(6_000)}
    assert len(names) >= 150
    assert {
        "Nguyễn",
        "Đặng",
        "O’Brien",
        "D’Almeida",
        "Lefèvre-Dupont",
        "Nuñez",
        "Ly",
        "Wu",
        "Œuvrard",
        "Ben Saïd",
    } <= names


def test_agents_work_in_known_services_on_their_procedures() -> None:
    services = {definition["code"]: definition["service"] for definition in DEFINITIONS}
    assert len({agent.code for agent in town.AGENTS}) == len(town.AGENTS) >= 12
    for code, _, email, roles, agent_services, procedures in town.AGENTS:
        assert re.fullmatch(r"[a-z]+\.[a-z]+", code)
        assert email == f"{code}@saint-aubin.example"
        assert set(roles) <= ROLES
        assert set(agent_services) <= set(town.SERVICES)
        assert {services[procedure] for procedure in procedures} <= set(agent_services)


def test_every_procedure_has_agents_and_every_service_a_head() -> None:
    assert {definition["service"] for definition in DEFINITIONS} == set(town.SERVICES)
    for service in town.SERVICES:
        assert any("head" in agent.roles and service in agent.services for agent in town.AGENTS)
        assert any(agent.roles == ("agent",) and service in agent.services for agent in town.AGENTS)
    assert {role for agent in town.AGENTS for role in agent.roles} == ROLES


def test_agents_have_words_for_every_code() -> None:
    assert set(town.COMMENTS) == EVENT_TYPES
    assert set(town.HOLD_DETAILS) == {"piece_demandee", "avis_attendu", "rendez_vous", "autre"}
    assert set(town.CLOSING_COMMENTS) == {"traitee", "refusee", "sans_suite", "transmise"}
    assert all("{reference}" in subject and "{usager}" in body for subject, body in town.CONTACT_LETTERS)
