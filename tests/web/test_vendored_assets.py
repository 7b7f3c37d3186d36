"""What we ship of others is what they published, with its licence."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[2] / "web" / "static" / "vendor"
ENTRIES: list[dict[str, str]] = json.loads((VENDOR / "MANIFEST.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_that_was_listed(entry: dict[str, str]) -> None:
    assert sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_the_manifest_lists_every_vendored_file_once() -> None:
    present = sorted(str(file.relative_to(VENDOR).as_posix()) for file in VENDOR.rglob("*") if file.is_file())
    assert sorted(["MANIFEST.json", *(entry["file"] for entry in ENTRIES)]) == present


def test_every_folder_carries_its_licence() -> None:
    folders = {Path(entry["file"]).parts[0] for entry in ENTRIES}
    assert folders == {Path(entry["file"]).parts[0] for entry in ENTRIES if Path(entry["file"]).name == "LICENSE"}
    assert all(entry["package"] and entry["version"] and entry["licence"] for entry in ENTRIES)
