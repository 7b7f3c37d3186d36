"""Many processes on the same stores: pages, imports, statistics and verifications at once, and nobody sees a lock."""

import json
from pathlib import Path

import pytest

from tests.faults.audit import audit, verified
from tests.faults.closing import Closing, count
from tests.faults.hall import ANSWERS, CITIZEN, Hall, demands
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, free_port, suivi

LINES = 40
HISTORY = [
    {"at": "2025-03-03T09:00:00+01:00", "agent": "lea", "action": "take_in_charge"},
    {"at": "2025-03-04T09:00:00+01:00", "agent": "lea", "action": "close", "outcome": "traitee"},
]


@pytest.mark.xdist_group("faults-many")
def test_many_processes_share_the_stores(hall: Hall, smtp_url: str, closes: Closing) -> None:
    rounds, ledger, port, said = count(1, 10), Ledger(), free_port(), []
    with Service(hall, port, SUIVI_SMTP_URL=smtp_url) as one, Service(hall, SUIVI_SMTP_URL=smtp_url) as other:
        loads = [Load(one.port, ledger, 1), Load(other.port, ledger, 2)]
        for load in loads:
            load.begin()
        for number in range(rounds):
            said += commands(hall, number)
        for load in loads:
            load.end()
        assert [one.stop(), other.stop()] == [0, 0]
    assert ledger.wrong == []
    assert [answer for answer in said if answer[0]] == []
    everything = one.log.read_text() + "".join(out + err for _, out, err in said)
    assert "locked" not in everything
    imported = rounds * LINES
    assert len(demands(hall.facts())) == len(ledger.forms) + imported
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"Many processes: 2 services, {len(said)} commands, {ledger.acknowledged} acknowledged, {imported} imported, "
        "0 lost, 0 doubled, 0 locks shown, views equal to a replay"
    )


def commands(hall: Hall, number: int) -> list[tuple[int, str, str]]:
    """Two imports of their own, statistics and a verification, all at once."""
    files = [histories(hall.directory.parent, f"{number}-{half}", LINES // 2) for half in "ab"]
    words = [["import", str(file), "--json"] for file in files] + [["statistics", "--json"], ["verify", "--json"]]
    running = [suivi(hall, *chosen) for chosen in words]
    return [command.done() for command in running]


def histories(directory: Path, name: str, lines: int) -> Path:
    """A file of finished demands."""
    path = directory / f"{name}.jsonl"
    with path.open("w") as file:
        for line in range(lines):
            demand = {"external_id": f"{name}-{line}", "procedure": "AEN", "channel": "internet"}
            demand |= {"submitted_at": "2025-03-01T09:00:00+01:00", "applicant": CITIZEN, "answers": ANSWERS}
            file.write(json.dumps(demand | {"history": HISTORY}) + "\n")
    return path
