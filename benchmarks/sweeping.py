"""The sweep of reminders: the next 500 that are due among any number of open demands, in lists made straight by SQL."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Index
from sqlalchemy.schema import CreateTable

from benchmarks.plan import NOW, PROCEDURES, SERVICE
from benchmarks.results import Result, within
from benchmarks.timing import in_pairs, require_equal
from domain.instants import micros
from projections.overdue import Overdue
from projections.tables import current
from store.engines import sqlite_engine
from store.transactions import creating

OPEN: Final = (1_000, 100_000)
MILLION: Final = 1_000_000
FOUND: Final = 500
LIMIT_S: Final = 0.001
_PAST_US: Final = timedelta(days=60) // timedelta(microseconds=1)
_FILL: Final = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :size)
INSERT INTO current_demands (seq, demand_id, reference, procedure, service, channel, has_email, status, agent,
    submitted_at, taken_at, held_for, due_at, reminded_at, remind_at, since, version, interval_version, applicant,
    milestones)
SELECT n, lower(hex(randomblob(16))), printf('BEN-%012d', n), json_extract(:procedures, '$[' || (n % 4) || ']'),
    :service, 'internet', 1, iif(n % 4, 'NON_TRAITEE', 'EN_COURS_DE_TRAITEMENT'), iif(n % 4, NULL, 'lea'),
    :now - :past + abs(random()) % :past, NULL, 0, due_at, iif(n % 2, due_at, NULL),
    due_at + iif(n % 2, 7, 1) * 86400000000, :now - :past, 1, 1,
    randomblob(180), randomblob(220)
FROM (SELECT n, :now - :past + abs(random()) % (:past * 5 / 4) AS due_at FROM numbers)
"""
"""Three quarters untreated, half of them reminded of; due dates lie over ten weeks, in no relation to their arrival."""


def sweeping(*, full: bool) -> Iterator[Result]:
    """Each size in a database of its own, against as many identities by their key."""
    for size in (*OPEN, MILLION) if full else OPEN:
        with TemporaryDirectory(prefix="suivi-bench-") as directory:
            yield _measured(Path(directory) / "views.db", size)


def _measured(path: Path, size: int) -> Result:
    engine = sqlite_engine(str(path))
    with creating(engine) as connection:
        _fill(connection, size)
    overdue, views = Overdue(engine), sqlite3.connect(path)

    def next_due() -> object:
        return next(overdue.reminders(NOW, FOUND))

    def rows() -> object:
        found = views.execute("SELECT demand_id FROM current_demands WHERE seq<=?", (FOUND,)).fetchall()
        return [UUID(text) for (text,) in found]

    require_equal("sweep", len(next(overdue.reminders(NOW, FOUND))), FOUND)
    pairs = in_pairs(next_due, rows, repeat=20)
    views.close()
    engine.dispose()
    return within(f"reminder sweep, next {FOUND} due found", size, pairs, LIMIT_S, f"{FOUND} rows by key", OPEN[0])


def _fill(connection: Connection, size: int) -> None:
    """The table first and its indexes afterwards, which takes seconds rather than minutes."""
    connection.execute(CreateTable(current))
    values = {"size": size, "service": SERVICE, "now": micros(NOW), "past": _PAST_US}
    procedures = "[" + ",".join(f'"{code}"' for code in PROCEDURES) + "]"
    connection.exec_driver_sql(_FILL, values | {"procedures": procedures})
    for index in sorted(current.indexes, key=_name):
        index.create(connection)


def _name(index: Index) -> str:
    return str(index.name)
