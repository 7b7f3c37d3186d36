"""The sweep of reminders walks one index per status, however many demands are open."""

from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.dialects import sqlite

from domain.instants import instant
from domain.status import Status
from projections.overdue import LATE, Overdue
from projections.tables import NEVER, current
from tests.installations import Town


def fill(town: Town, number: int) -> None:
    """Open demands, each due a microsecond after the one before, every third without a due date."""
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
            "since": n,
            "version": 1,
            "interval_version": 1,
            "milestones": b"[]",
        }
        for n in range(number)
    ]
    with town.installation.stores.views.begin() as connection:
        connection.execute(insert(current), rows)


def test_late_demands_are_found_page_by_page_the_longest_first(town: Town) -> None:
    fill(town, 3_000)
    overdue = Overdue(town.installation.stores.views)
    assert [one.int for one in overdue.next_late(Status.UNTREATED, instant(10), 500)] == [0, 3, 6, 9]
    assert [one.int for one in overdue.next_late(Status.UNTREATED, instant(3_000), 2)] == [0, 3]
    late = overdue.late(instant(2_400))
    assert sorted(one.int for one in late) == [n for n in range(2_401) if n % 3 != 2]


@pytest.mark.parametrize("status", [Status.UNTREATED, Status.IN_PROGRESS])
def test_the_sweep_reads_its_own_index_and_sorts_nothing(town: Town, status: Status) -> None:
    statement = str(LATE[status].compile(dialect=sqlite.dialect()))
    with town.installation.stores.views.connect() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("SQLite's plan")
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (5, 0, -1, 500, 0))
        plan = " ".join(row[3] for row in rows)
    assert ("untreated_late" if status is Status.UNTREATED else "in_progress_late") in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
