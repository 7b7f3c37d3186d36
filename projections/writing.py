"""Folded facts become rows: few statements, each for many rows, in the projector's transaction."""

from collections.abc import Iterator, Sequence
from typing import Any

from projections.batch import Batch
from projections.rows import FinishedRow, OpenRow, marks_of
from projections.statements import Driver
from projections.tables import (
    NEVER,
    agents,
    current,
    daily_counts,
    delay_buckets,
    intervals,
    journal,
    journal_marks,
    open_counts,
    procedures,
)


def write(driver: Driver, batch: Batch) -> list[OpenRow]:
    """Write everything a batch changed; the open demands that are new in their table are given back."""
    write_settings(driver, batch)
    leave_lists(driver, batch)
    write_finished(driver, batch.finished.values())
    new = write_open(driver, batch)
    write_intervals(driver, batch)
    write_tallies(driver, batch)
    return new


def write_settings(driver: Driver, batch: Batch) -> None:
    """Agents and procedures as they are now."""
    for table, rows in ((agents, batch.agents), (procedures, batch.procedures)):
        names = table.columns.keys()
        driver.run(driver.statements.upsert(table), [[row[name] for name in names] for row in rows.values()])


def leave_lists(driver: Driver, batch: Batch) -> None:
    """Take finished demands out of the lists, with what finds them by name."""
    gone = [(driver.statements.together([row.seq for row in batch.gone]),)] if batch.gone else []
    driver.run(driver.statements.leave, gone)
    driver.run(driver.statements.forget, gone)


def write_finished(driver: Driver, finished: Sequence[FinishedRow] | Any) -> None:
    """Finished demands and what finds them; both in the order of their keys, which keeps the tables' pages near."""
    rows = sorted(finished, key=_seq)
    driver.insert(journal, [row.values() for row in rows if not row.stored])
    driver.run(driver.statements.upsert(journal), [row.values() for row in rows if row.stored])
    driver.insert(journal_marks, sorted(_marks(row for row in rows if not row.stored)))
    driver.run(driver.statements.put_new(journal_marks), list(_marks(row for row in rows if row.stored)))


def write_open(driver: Driver, batch: Batch) -> list[OpenRow]:
    """Open demands that changed, and the interval each is in; gives back those that are new."""
    changed = [row for row in batch.open.values() if row.dirty]
    for row in changed:
        if not row.reckoned:
            batch.reckon(row)
        if row.interval_since is not None:
            batch.intervals.append(row.interval(row.interval_since, NEVER, row.status, row.agent))
            row.interval_since = None
    new = [row for row in changed if not row.stored]
    driver.insert(current, [row.values() for row in new])
    driver.run(driver.statements.upsert(current), [row.values() for row in changed if row.stored])
    return new


def write_intervals(driver: Driver, batch: Batch) -> None:
    """Intervals that began, then the ends of those that were in the table."""
    driver.insert(intervals, batch.intervals)
    driver.run(driver.statements.end, batch.ended)


def write_tallies(driver: Driver, batch: Batch) -> None:
    """Add to the roll-ups."""
    tallies = batch.tallies
    driver.add(open_counts, list(tallies.open_changes()))
    driver.add(daily_counts, list(tallies.daily()))
    driver.add(delay_buckets, list(tallies.buckets()))


def _seq(row: FinishedRow) -> int:
    return row.seq


def _marks(rows: Iterator[FinishedRow]) -> Iterator[tuple[str, int, int]]:
    for row in rows:
        for mark in marks_of(row.milestones):
            yield mark, row.closed_at, row.seq
