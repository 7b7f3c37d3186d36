"""Procedures go out to a file and come back unchanged; a faulty file changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.suivi.conftest import CommandLine

POOL: dict[str, Any] = {
    "code": "PIS",
    "title": "Inscription à la piscine",
    "service": "Sports",
    "fields": [
        {"name": "jours", "label": "Jours", "type": "multiple_choice", "choices": [{"value": "lu", "label": "Lundi"}]},
        {"name": "age", "label": "Âge", "type": "number", "required": True, "min": 3, "max": 99},
        {"name": "tuteur", "label": "Tuteur", "type": "text", "show_if": {"field": "age", "equals": 3.0}},
    ],
    "take_delay_days": 5,
    "close_delay_days": None,
    "delay_calendar": "working",
    "silence": {"effect": "refusal", "months": 1},
    "receipt": False,
}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "procedures.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_is_exported_is_imported_unchanged(suivi: CommandLine, tmp_path: Path) -> None:
    exported = suivi("procedure", "export")
    assert len(exported.json) == 15
    assert {"code", "title", "service", "version", "fields", "take_delay_days"} <= exported.json[0].keys()
    assert all("required" in field for procedure in exported.json for field in procedure["fields"])
    done = suivi("procedure", "import", written(tmp_path, exported.out))
    assert done.out == "0 ajoutée(s), 0 révisée(s), 15 inchangée(s).\n"
    assert suivi("procedure", "export").out == exported.out


def test_a_new_procedure_brings_its_service(suivi: CommandLine, tmp_path: Path) -> None:
    assert suivi("procedure", "import", written(tmp_path, [POOL])).out.startswith("1 ajoutée(s)")
    (found,) = [procedure for procedure in suivi("procedure", "export").json if procedure["code"] == "PIS"]
    assert found | POOL | {"fields": 0} == found | {"fields": 0}
    assert [field["name"] for field in found["fields"]] == ["jours", "age", "tuteur"]
    assert found["deletion_delay_days"] is None
    assert suivi("agent", "create", "a", "--name", "A", "--email", "a@b.example", "--service", "Sports").code == 0


def test_a_revision_is_a_new_version(suivi: CommandLine, tmp_path: Path) -> None:
    suivi("procedure", "import", written(tmp_path, [POOL]))
    done = suivi("procedure", "import", written(tmp_path, [POOL | {"take_delay_days": 6}]))
    assert done.out == "0 ajoutée(s), 1 révisée(s), 0 inchangée(s).\n"
    versions = {procedure["code"]: procedure["version"] for procedure in suivi("procedure", "export").json}
    assert versions["PIS"] == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "pis"}, "pis : code : "),
        ({"title": ""}, "PIS : title : "),
        ({"title": 3}, "PIS : title : on attend str, pas int"),
        ({"take_delay_days": 0}, "PIS : take_delay_days : "),
        ({"take_delay_day": 5}, "PIS : take_delay_day : ce champ n’existe pas"),
        ({"delay_calendar": "lunar"}, "PIS : delay_calendar : "),
        ({"silence": {"effect": "perhaps"}}, "PIS : silence : "),
        ({"fields": [{"name": "a", "label": "A", "type": "colour"}]}, "PIS : fields[0].type : "),
        ({"fields": [{"name": "a", "label": "A"}]}, "PIS : fields[0] : il manque le champ « type »"),
        ({"fields": [{"name": "a", "label": "A", "type": "text", "requierd": True}]}, "PIS : fields[0].requierd : "),
        ({"fields": [{"name": "a", "label": "A", "type": "choice"}]}, "PIS : fields.a.choices : "),
        ({"templates": {"closure": {"subject": "{nom}", "body": ""}}}, "PIS : templates.closure : "),
    ],
)
def test_each_fault_is_named_and_nothing_changes(
    suivi: CommandLine, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    before = suivi("procedure", "export").out
    sound = POOL | {"code": "SOUND"}
    done = suivi("procedure", "import", written(tmp_path, [sound, POOL | change]))
    assert done.code == 1
    assert said in done.err
    assert "rien n’a été changé" in done.err
    assert suivi("procedure", "export").out == before


@pytest.mark.parametrize("content", ["", "{", '{"code": "PIS"}', "3", "[[]]", "[null]", "[" * 5_000])
def test_a_file_that_is_no_list_of_definitions_is_refused(suivi: CommandLine, tmp_path: Path, content: str) -> None:
    done = suivi("procedure", "import", written(tmp_path, content))
    assert done.code == 1
    assert "suivi : " in done.err
    assert "Traceback" not in done.err


def test_the_same_code_twice_is_a_fault(suivi: CommandLine, tmp_path: Path) -> None:
    done = suivi("procedure", "import", written(tmp_path, [POOL, POOL]))
    assert "PIS : code : cette démarche est déjà plus haut dans le fichier" in done.err


def test_a_missing_file_is_named(suivi: CommandLine, tmp_path: Path) -> None:
    done = suivi("procedure", "import", tmp_path / "absent.json")
    assert done.code == 1
    assert "absent.json" in done.err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "il est tronqué"),
        (b"[{", "il est tronqué"),
        (b"[1}", "octet 2"),
        (b'["\xff"]', "il n’est pas en UTF-8"),
        (b"[" * 100_000, "il est trop imbriqué"),
    ],
)
def test_a_file_that_is_no_json_is_said_in_french(
    suivi: CommandLine, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    done = suivi("procedure", "import", path)
    assert (done.code, done.err) == (1, f"suivi : file.json n’est pas du JSON lisible ({reason}).\n")
