"""The shipped procedures are complete, coherent, and say to citizens what the law wants said."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

CATALOGUE: Final = Path(__file__).parents[2] / "suivi" / "catalogue"
CODES: Final = ["AEN", "AEM", "AED", "RCC", "ILE", "JCC", "ATA", "ODP", "DBT", "SIG", "CAN", "SLF", "PAC", "MAR", "DOC"]
SERVICES: Final = {
    "État civil",
    "Élections et citoyenneté",
    "Urbanisme et domaine public",
    "Éducation et restauration scolaire",
}
KEYS: Final = {
    "code", "title", "service", "restricted", "description", "fields", "take_delay_days", "close_delay_days",
    "deletion_delay_days", "delay_calendar", "reminder_every_days", "silence", "receipt", "templates",
}  # fmt: skip
TYPES: Final = {
    "text",
    "long_text",
    "date",
    "email",
    "phone",
    "number",
    "choice",
    "multiple_choice",
    "yes_no",
    "address",
    "file",
}
FIELD_KEYS: Final = {
    "name", "label", "type", "required", "group", "help", "choices", "show_if", "max_length", "pattern", "min", "max",
}  # fmt: skip
COMMON: Final = {"civility", "last_name", "usage_name", "first_name", "email", "phone", "address"}
VARIABLES: Final = {
    "reference", "demarche", "usager", "date_reception", "service", "coordonnees_service", "mairie", "agent", "issue",
    "commentaire", "mentions_legales",
}  # fmt: skip
COMPULSORY: Final = {
    "acknowledgement": {
        "reference", "demarche", "date_reception", "service", "coordonnees_service", "mentions_legales", "mairie",
    },
    "closure": {"reference", "demarche", "issue", "commentaire"},
    "registration_receipt": {"reference", "date_reception"},
}  # fmt: skip
FORBIDDEN: Final = {
    "acknowledgement": {"issue", "commentaire"},
    "closure": {"mentions_legales"},
    "registration_receipt": {"usager", "agent", "issue", "commentaire"},
}
FILES: Final = sorted(CATALOGUE.glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def procedure(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def read(path: Path) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return definition


def possible(field: dict[str, Any]) -> list[Any]:
    return [True, False] if field["type"] == "yes_no" else [choice["value"] for choice in field.get("choices", [])]


def test_there_are_fifteen_files_in_order() -> None:
    assert [path.stem for path in FILES] == [f"{rank:02}-{code}" for rank, code in enumerate(CODES, 1)]
    assert [read(path)["code"] for path in FILES] == CODES


def test_a_procedure_has_every_setting(procedure: dict[str, Any]) -> None:
    assert set(procedure) == KEYS
    assert procedure["service"] in SERVICES
    assert procedure["title"].strip()
    assert procedure["description"].endswith(".")
    assert 1 <= procedure["take_delay_days"] <= procedure["close_delay_days"] <= 365
    assert procedure["deletion_delay_days"] is None
    assert procedure["delay_calendar"] in ("calendar", "working")
    assert procedure["reminder_every_days"] is None, "the town's period reaches it"
    assert procedure["receipt"] is True


def test_only_health_data_is_restricted(procedure: dict[str, Any]) -> None:
    assert procedure["restricted"] is (procedure["code"] == "CAN")


def test_fields_are_well_formed_and_apart_from_the_common_block(procedure: dict[str, Any]) -> None:
    names = [field["name"] for field in procedure["fields"]]
    assert len(names) == len(set(names))
    assert not COMMON & set(names)
    for field in procedure["fields"]:
        assert set(field) <= FIELD_KEYS
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", field["name"])
        assert field["type"] in TYPES
        assert isinstance(field["required"], bool)
        assert field["label"].strip()
        assert field["group"].strip()


def test_choices_are_offered_where_they_are_asked_for(procedure: dict[str, Any]) -> None:
    for field in procedure["fields"]:
        values = [choice["value"] for choice in field.get("choices", [])]
        assert bool(values) == (field["type"] in ("choice", "multiple_choice"))
        assert len(values) == len(set(values))
        assert all(choice["label"].strip() for choice in field.get("choices", []))


def test_a_condition_is_about_an_earlier_field_and_can_be_met(procedure: dict[str, Any]) -> None:
    earlier: dict[str, dict[str, Any]] = {}
    for field in procedure["fields"]:
        if condition := field.get("show_if"):
            asked = earlier[condition["field"]]
            wanted = condition["equals"] if isinstance(condition["equals"], list) else [condition["equals"]]
            allowed = possible(asked)
            assert wanted
            assert all(value in allowed if allowed else re.fullmatch(asked["pattern"], value) for value in wanted)
        earlier[field["name"]] = field


def test_bounds_and_patterns_make_sense(procedure: dict[str, Any]) -> None:
    for field in procedure["fields"]:
        assert "pattern" not in field or field["type"] == "text"
        re.compile(field.get("pattern", ""))
        assert ("max_length" in field) == (field["type"] in ("text", "long_text"))
        assert ("min" in field) == ("max" in field) == (field["type"] == "number")
        assert field.get("min", 0) < field.get("max", 1)


def test_a_file_is_never_required_and_says_how_to_bring_it(procedure: dict[str, Any]) -> None:
    for field in procedure["fields"]:
        if field["type"] == "file":
            assert not field["required"]
            assert "guichet" in field["help"]
            assert "poste" in field["help"]


def test_letters_use_known_variables_and_carry_the_compulsory_ones(procedure: dict[str, Any]) -> None:
    assert set(procedure["templates"]) == set(COMPULSORY)
    for kind, template in procedure["templates"].items():
        text = template["subject"] + template["body"]
        used = set(re.findall(r"\{([^{}]*)\}", text))
        assert COMPULSORY[kind] <= used <= VARIABLES
        assert not FORBIDDEN[kind] & used
        assert text.count("{") == text.count("}") == len(re.findall(r"\{[a-z_]+\}", text))
        assert "\n" not in template["subject"]


def test_the_closing_letter_says_that_personal_data_are_erased(procedure: dict[str, Any]) -> None:
    assert "données personnelles sont effacées" in procedure["templates"]["closure"]["body"]


def test_french_is_typeset(procedure: dict[str, Any]) -> None:
    assert "'" not in json.dumps(procedure, ensure_ascii=False)


def test_silence_is_what_the_law_makes_of_it() -> None:
    silences = {code: read(path)["silence"] for code, path in zip(CODES, FILES, strict=True)}
    assert "devant le préfet" in silences["ATA"].pop("appeal")  # Ceseda R313-12
    assert "commission de contrôle" in silences["ILE"].pop("appeal")  # code électoral L18 to L20
    assert silences["ILE"] == {"effect": "refusal", "months": 2}
    assert silences["ATA"] == {"effect": "refusal", "months": 1}  # Ceseda R313-13
    assert silences["ODP"] == {"effect": "refusal", "months": 2}  # décret 2015-1459
    assert silences["DBT"] == silences["CAN"] == {"effect": "acceptance", "months": 2}  # CRPA L231-1
    for code in ("AEN", "AEM", "AED", "RCC", "JCC", "SIG", "SLF", "PAC", "MAR", "DOC"):
        assert silences[code] == {"effect": None, "months": 2}


def test_copies_of_a_birth_act_are_one_to_five_and_parents_depend_on_the_kind() -> None:
    fields = {field["name"]: field for field in read(FILES[0])["fields"]}
    assert fields["copies"]["required"] is True
    assert (fields["copies"]["type"], fields["copies"]["min"], fields["copies"]["max"]) == ("number", 1, 5)
    assert possible(fields["kind"]) == ["integrale", "avec_filiation", "sans_filiation"]
    assert fields["parent1_last_name"]["show_if"] == {"field": "kind", "equals": ["integrale", "avec_filiation"]}
