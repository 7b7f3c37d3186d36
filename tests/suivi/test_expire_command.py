"""``suivi expire``: warned of, then deleted, and shown beforehand."""

import json
from pathlib import Path

from tests.suivi.conftest import CommandLine


def switch_on(suivi: CommandLine, tmp_path: Path, days: int) -> None:
    definitions = suivi("procedure", "export").json
    for definition in definitions:
        definition |= {"deletion_delay_days": days, "delay_calendar": "calendar"}
    file = tmp_path / "procedures.json"
    file.write_text(json.dumps(definitions))
    assert suivi("procedure", "import", file).code == 0


def test_off_by_default_nothing_ends(town: CommandLine) -> None:
    answer = town("expire", "--now", "2099-01-01", "--json").json
    assert (answer["expired"], answer["warned"]) == ([], [])


def test_the_dry_run_shows_and_the_run_deletes(town: CommandLine, tmp_path: Path) -> None:
    switch_on(town, tmp_path, 3_650)
    now = "2040-01-01T12:00:00+01:00"
    shown = town("expire", "--now", now, "--dry-run", "--json").json
    assert len(shown["expired"]) == 3
    done = town("expire", "--now", now, "--json").json
    assert done == shown
    reference = done["expired"][0]["reference"]
    history = town("replay", reference, "--json").json
    assert history["status"] == "SUPPRIMEE"
    assert history["at"] == done["now"]
    (fact,) = [fact for fact in history["history"] if fact["kind"] == "Expired"]
    assert fact["data"] == {"deadline": done["expired"][0]["deadline"]}
    assert town("expire", "--now", now, "--json").json["expired"] == []
    assert town("erasure", "scan", "--json").json["residue"] == []


def test_a_warning_says_how_many_days_are_left(town: CommandLine, tmp_path: Path) -> None:
    switch_on(town, tmp_path, 3_650)
    shown = town("expire", "--now", "2040-01-01T12:00:00+01:00", "--dry-run", "--json").json["expired"]
    deadline = min(one["deadline"] for one in shown)
    (year, month), day = deadline[:7].split("-"), int(deadline[8:10])
    before = f"{year}-{month}-{day - 2:02}T23:00:00+00:00" if day > 2 else f"{deadline[:10]}T00:00:00+00:00"
    (warned, *_) = town("expire", "--now", before, "--json").json["warned"]
    assert warned["deadline"] == deadline
    assert warned["days_left"] in (0, 1, 2)
    assert not [one for one in town("expire", "--now", before, "--json").json["warned"] if one == warned]
    text = town("expire", "--now", "2040-01-01T12:00:00+01:00", "--dry-run").out
    assert text.startswith("Au 01/01/2040 12:00:00 : suppressions 3, avertissements 0.\nRéférence")
    assert "supprimée" in text
