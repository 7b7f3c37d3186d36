"""The sweep of reminders reads what is due in one index, however many demands are open, and misses nothing."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from domain.instants import instant
from domain.reminders import due, waiting
from domain.status import Status
from projections.overdue import Overdue
from projections.tables import NEVER, current
from suivi.occasions import occasions_of
from tests.databases import only_sqlite
from tests.installations import Town
from tests.projections.random_lives import play


def fill(town: Town, number: int) -> None:
    """Open demands, each to be reminded of a microsecond after the one before, every third one never."""
    rows = [
        {
            "seq": 1_000 + n,
            "demand_id": UUID(int=n),
            "reference": f"AEN-{n}",
            "procedure": "AEN",
            "service": "État civil",
            "channel": "desk",
            "has_email": False,
            "status": (Status.UNTREATED, Status.IN_PROGRESS, Status.ON_HOLD)[n % 3],
            "submitted_at": n,
            "held_for": 0,
            "due_at": NEVER if n % 3 == 2 else n,
            "reminded_at": NEVER - 1 if n == 2_998 else None,
            "remind_at": NEVER if n % 3 == 2 else n,
            "since": n,
            "version": 1,
            "interval_version": 1,
            "milestones": b"[]",
        }
        for n in range(number)
    ]
    with town.installation.stores.views.begin() as connection:
        connection.execute(insert(current), rows)


def test_what_is_due_is_found_page_by_page_the_longest_first_then_what_a_clock_ahead_recorded(town: Town) -> None:
    fill(town, 3_000)
    overdue = Overdue(town.installation.stores.views)
    assert [one.int for one in next(overdue.reminders(instant(10)))] == [0, 1, 3, 4, 6, 7, 9, 10]
    pages = [[one.int for one in page] for page in overdue.reminders(instant(2_400), 500)]
    assert [len(page) for page in pages] == [500, 500, 500, 101, 1]
    assert list(chain.from_iterable(pages)) == [*(n for n in range(2_401) if n % 3 != 2), 2_998]


@pytest.fixture(params=range(4))
def lived(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[Town]:
    """A town after many steps at random: reminders, other delays, other days, clocks that ran ahead."""
    town = Town(tmp_path, seed=request.param, kind=kind)
    play(town, 12, 150)
    yield town
    town.close()


@only_sqlite
def test_exactly_what_the_facts_say_is_due_is_found(lived: Town) -> None:
    """Whatever is not due is only looked at where a clock ran ahead."""
    installation = lived.installation
    settings, today = installation.office.directory.townhall().settings, occasions_of(installation, "").today()
    with installation.stores.views.connect() as connection:
        rows = {row.demand_id: row for row in connection.execute(select(current))}
    seen = 0
    for days in range(0, 60, 3):
        now = lived.clock() + timedelta(days=days, hours=days % 24)
        expected = set()
        for identity in rows:
            one = waiting(installation.register.facts(identity))
            assert one is not None
            definition = installation.office.directory.definition(one.demand.procedure)
            if due(one, definition, settings, today, now) is not None:
                expected.add(identity)
        found = set(chain.from_iterable(Overdue(installation.stores.views).reminders(now, 4)))
        assert expected <= found
        assert not [one for one in found - expected if instant(rows[one].reminded_at or 0) <= now]
        seen += len(expected)
    assert seen
