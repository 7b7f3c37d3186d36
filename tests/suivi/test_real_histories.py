"""1,434 real histories: the statistics against a few independent lines over the same file."""

import gzip
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.suivi.conftest import REAL_HISTORIES, CommandLine

PARIS = ZoneInfo("Europe/Paris")
VOLUMES = ("received", "taken", "closed")
pytestmark = [
    pytest.mark.skipif(
        not REAL_HISTORIES.exists(), reason=f"the histories are not beside the project: {REAL_HISTORIES.name}"
    ),
    pytest.mark.xdist_group("real-histories"),
]


class Expected:
    """One row, counted by hand."""

    def __init__(self) -> None:
        self.received = self.taken = self.closed = self.opened = 0
        self.to_take: list[float] = []
        self.to_close: list[float] = []

    def take(self, seconds: float) -> None:
        self.taken += 1
        self.to_take.append(seconds)

    def close(self, seconds: float) -> None:
        self.closed += 1
        self.to_close.append(seconds)


Rows = dict[str | None, Expected]


def histories() -> Iterator[dict[str, Any]]:
    with gzip.open(REAL_HISTORIES, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def counted(by: str) -> Rows:
    """Every demand once: when it came, who took it first, how long it waited, who closed it."""
    rows: Rows = defaultdict(Expected)
    for history in histories():
        submitted, owner = datetime.fromisoformat(history["submitted_at"]), None
        held, since = 0.0, submitted
        rows[_key(by, history, submitted, None)].received += 1
        rows[_key(by, history, submitted, None)].opened += 1
        for step in history["history"]:
            at, agent = datetime.fromisoformat(step["at"]), step["agent"]
            match step["action"]:
                case "take_in_charge":
                    rows[_key(by, history, at, agent)].take((at - submitted).total_seconds())
                    owner = _moved(rows, by, history, at, owner, agent)
                case "reassign":
                    owner = _moved(rows, by, history, at, owner, step["to"])
                case "put_on_hold":
                    since = at
                case "resume":
                    held += (at - since).total_seconds()
                case "close":
                    rows[_key(by, history, at, agent)].close((at - submitted).total_seconds() - held)
                    rows[_key(by, history, at, owner)].opened -= 1
    return rows


def _moved(rows: Rows, by: str, history: dict[str, Any], at: datetime, before: str | None, after: str) -> str:
    rows[_key(by, history, at, before)].opened -= 1
    rows[_key(by, history, at, after)].opened += 1
    return after


def _key(by: str, history: dict[str, Any], at: datetime, agent: str | None) -> str | None:
    keys = {"procedure": history["procedure"], "channel": history["channel"], "agent": agent}
    return f"{at.astimezone(PARIS):%Y-%m}" if by == "month" else keys.get(by, "all")


@pytest.fixture(scope="module")
def real(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("real") / "var"
    shutil.copytree(founded, directory)
    with pytest.MonkeyPatch.context() as patch:
        done = CommandLine(directory, patch)("import", REAL_HISTORIES, "--create-missing", "--json")
        assert done.json == {"read": 1434, "imported": 1434, "already_present": 0, "refused": []}
    return directory


@pytest.fixture
def town(real: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(real, monkeypatch)


@pytest.mark.parametrize("by", ["month", "procedure", "agent", "channel"])
def test_the_figures_are_those_of_the_file(town: CommandLine, by: str) -> None:
    document = town("statistics", "--by", by, "--json").json
    expected = counted(by)
    found = {row["key"]: row for row in document["rows"]}
    backlog = 0
    for key, row in found.items():
        backlog = backlog + expected[key].opened if by == "month" else expected[key].opened
        assert row["open"] == backlog, key
        _same(row, expected[key])
    assert all(key in found for key, row in expected.items() if row.received or row.taken or row.closed or row.opened)


def test_the_totals_are_those_of_the_file(town: CommandLine) -> None:
    totals = town("statistics", "--json").json["totals"]
    (expected,) = counted("all").values()
    _same(totals, expected)
    assert totals["open"] == expected.opened
    assert totals["deleted"] == totals["reminders"] == 0


def test_importing_again_adds_nothing(town: CommandLine) -> None:
    done = town("import", REAL_HISTORIES, "--json")
    assert done.json == {"read": 1434, "imported": 0, "already_present": 1434, "refused": []}


def test_the_history_verifies_and_leaves_no_residue(town: CommandLine) -> None:
    assert town("verify", "--json").json["problems"] == []
    assert town("erasure", "scan", "--json").json["residue"] == []


def _same(row: dict[str, Any], expected: Expected) -> None:
    assert {name: row[name] for name in VOLUMES} == {name: getattr(expected, name) for name in VOLUMES}
    for name in ("to_take", "to_close"):
        delays, found = sorted(getattr(expected, name)), row[name]
        assert found["count"] == len(delays)
        if delays:
            assert found["mean_s"] == pytest.approx(sum(delays) / len(delays), abs=1e-3)
            for percent, figure in ((50, "median_s"), (90, "p90_s")):
                rank = math.ceil(len(delays) * percent / 100)
                assert found[figure] == pytest.approx(delays[rank - 1], rel=0.01, abs=1e-6)
