"""Two imports at the same time: every demand exactly once, counted where it is recorded, and no line refused."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from suivi.compose import Installation
from suivi.importing import BATCH, Import, Report
from suivi.settings import read_settings
from tests.databases import KINDS
from tests.installations import Town

NUMBER = 2 * BATCH + 5


@pytest.fixture(params=KINDS)
def town(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    town = Town(tmp_path / "var", kind=request.param)
    yield town
    town.close()


@pytest.fixture
def other(town: Town) -> Iterator[Installation]:
    """The same town hall in another process."""
    settings = read_settings(town.environment)
    with Installation.open(settings, town.clock, town.random.randbytes) as installation:
        yield installation


def lines(prefix: str, number: int) -> list[bytes]:
    """Demands of a procedure, with agents and words, that no town hall knows yet."""
    person = {"last_name": "Garnier", "first_name": "Yann"}
    steps: list[dict[str, Any]] = [
        {"at": "2025-03-04T10:05:00+01:00", "agent": "bruno", "action": "take_in_charge"},
        {"at": "2025-03-04T10:20:00+01:00", "agent": "bruno", "action": "add_event", "event_type": "piece_rangee"},
    ]
    head = {"procedure": "NEUVE", "channel": "desk", "submitted_at": "2025-03-04T10:00:00+01:00"}
    history = head | {"applicant": person, "answers": {}, "history": steps}
    return [json.dumps(history | {"external_id": f"{prefix}{n}"}).encode() for n in range(number)]


def importing(installation: Installation, histories: list[bytes]) -> Report:
    return Import(installation, create_missing=True).run(histories)


def at_the_same_step(installation: Installation, barrier: Barrier) -> None:
    """Whatever is recorded, the other has decided the same before; who comes alone goes on."""
    append = installation.register.append

    def together(*arguments: Any, **named: Any) -> None:
        if not barrier.broken:
            try:
                barrier.wait(timeout=3)
            except BrokenBarrierError:
                barrier.abort()
        append(*arguments, **named)

    installation.register.append = together  # type: ignore[method-assign]


def first(installation: Installation, name: str, before: Callable[[], object]) -> None:
    """Somebody does something between this one's look and its deed, once."""
    directory: Any = installation.office.directory
    deed, left = getattr(directory, name), [before]

    def overtaken(*arguments: Any, **named: Any) -> Any:
        if left:
            left.pop()()
        return deed(*arguments, **named)

    setattr(directory, name, overtaken)


def received(town: Town) -> int:
    town.installation.catch_up()
    return sum(row.topic == "demand.submitted:1" for row in town.installation.register.notifications(0, 10_000))


def test_one_file_twice_at_once(town: Town, other: Installation) -> None:
    barrier, file = Barrier(2), lines("case-", NUMBER)
    for installation in (town.installation, other):
        at_the_same_step(installation, barrier)
    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda installation: importing(installation, file), (town.installation, other)))
    assert [report.refused for report in reports] == [[], []]
    assert [report.imported + report.already_present for report in reports] == [NUMBER, NUMBER]
    assert sum(report.imported for report in reports) == NUMBER == received(town)


def test_a_batch_that_another_import_recorded_in_part(town: Town, other: Installation) -> None:
    file, append, left = lines("case-", NUMBER), town.installation.register.append, [lines("case-", 7)]

    def overtaken(*arguments: Any, **named: Any) -> None:
        if "intake" in named and left:
            assert importing(other, left.pop()).imported == 7
        append(*arguments, **named)

    town.installation.register.append = overtaken  # type: ignore[method-assign]
    report = importing(town.installation, file)
    assert (report.imported, report.already_present, report.refused) == (NUMBER - 7, 7, [])
    assert received(town) == NUMBER
    assert len(town.installation.keyring.active("demand")) == NUMBER + 7, "unused keys go with the hourly sweep"


@pytest.mark.parametrize("deed", ["add_procedure", "register_agent", "change_townhall"])
def test_two_files_that_create_the_same(town: Town, other: Installation, deed: str) -> None:
    first(town.installation, deed, lambda: importing(other, lines("theirs-", 3)))
    report = importing(town.installation, lines("ours-", 4))
    assert (report.imported, report.refused) == (4, [])
    assert received(town) == 7
