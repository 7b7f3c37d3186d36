"""Many processes on the same stores: pages, imports, statistics and verifications at once, and nobody sees a lock."""

import json
import time
from pathlib import Path

import pytest

from suivi.cli import COMMANDS
from tests.faults.audit import audit, verified
from tests.faults.closing import Closing, count
from tests.faults.hall import ANSWERS, CITIZEN, Hall, demands, queued
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, WorkerProcess, suivi
from tests.faults.waiting import PROMISED_S, until

LINES = 40
LASTS_S = count(0, 60)
HISTORY = [
    {"at": "2025-03-03T09:00:00+01:00", "agent": "lea", "action": "take_in_charge"},
    {"at": "2025-03-04T09:00:00+01:00", "agent": "lea", "action": "close", "outcome": "traitee"},
]


@pytest.mark.redis
@pytest.mark.xdist_group("faults-many")
def test_many_processes_share_the_stores(hall: Hall, smtp_url: str, redis_url: str, closes: Closing) -> None:
    outside = {"SUIVI_SMTP_URL": smtp_url, "SUIVI_BROKER_URL": redis_url}
    ledger, said, rounds = Ledger(), [], 0
    with Service(hall, **outside) as one, Service(hall, **outside) as other, WorkerProcess(hall, **outside) as worker:
        loads = [Load(service.port, ledger, number, readers=1) for number, service in enumerate((one, other))]
        for load in loads:
            load.begin()
        begun = time.monotonic()
        while not rounds or time.monotonic() - begun < LASTS_S:
            said += commands(hall, rounds)
            rounds += 1
        for load in loads:
            load.end()
        until(lambda: not queued(hall), PROMISED_S, "every letter has left")
        assert [resident.stop() for resident in (one, other, worker)] == [0, 0, 0]
    assert ledger.wrong == []
    assert [answer for answer in said if answer[0]] == []
    everything = one.log.read_text() + worker.log.read_text() + "".join(out + err for _, out, err in said)
    assert "locked" not in everything
    assert '"outcome": "error"' not in everything
    imported = rounds * LINES
    assert len(demands(hall.facts())) == len(ledger.forms) + imported
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"Many processes: 2 services, a worker, {len(said)} commands, {ledger.acknowledged} acknowledged, "
        f"{imported} imported, 0 lost, 0 doubled, 0 locks shown, views equal to a replay"
    )


def commands(hall: Hall, number: int) -> list[tuple[int, str, str]]:
    """Two imports of their own, statistics, a verification and a rebuild, all at once."""
    files = [histories(hall.directory.parent, f"{number}-{half}", LINES // 2) for half in "ab"]
    words = [["import", str(file), "--json"] for file in files] + [["statistics", "--json"], ["verify", "--json"]]
    if "rebuild" in COMMANDS:
        words.append(["rebuild"])
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
