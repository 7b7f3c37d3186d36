"""What facts add to the statistics, besides the backlog; a row still stands as before the fact."""

from collections.abc import Callable
from typing import Final

from domain.demand import Demand
from domain.facts import Fact
from projections.batch import Batch
from projections.rows import OpenRow
from projections.tables import NEVER
from projections.tallies import (
    CLOSE_US,
    CLOSED,
    CLOSED_IN_TIME,
    CLOSED_WITH_DELAY,
    DELETED,
    REMINDERS,
    TAKE_US,
    TAKEN,
    TAKEN_IN_TIME,
    TAKEN_WITH_DELAY,
    Where,
)

Count = Callable[[Batch, OpenRow, Where, int], None]
COUNTS: Final[dict[str, Count]] = {}


def counts(kind: type[Fact]) -> Callable[[Count], Count]:
    """Register what one kind of fact adds to the statistics."""

    def register(count: Count) -> Count:
        COUNTS[kind.topic] = count
        return count

    return register


@counts(Demand.TakenInCharge)
def _count_taken(batch: Batch, row: OpenRow, where: Where, at: int) -> None:
    amounts, waited = batch.tallies.days[where], at - row.submitted_at
    amounts[TAKEN] += 1
    amounts[TAKEN_IN_TIME] += at <= row.due_at != NEVER
    amounts[TAKEN_WITH_DELAY] += row.due_at != NEVER
    amounts[TAKE_US] += waited
    batch.tallies.delay(where, "take", waited)


@counts(Demand.Closed)
def _count_closed(batch: Batch, row: OpenRow, where: Where, at: int) -> None:
    amounts, worked = batch.tallies.days[where], at - row.submitted_at - row.held_for
    amounts[CLOSED] += 1
    amounts[CLOSED_IN_TIME] += at <= row.due_at != NEVER
    amounts[CLOSED_WITH_DELAY] += row.due_at != NEVER
    amounts[CLOSE_US] += worked
    batch.tallies.delay(where, "close", worked)


@counts(Demand.Expired)
def _count_expired(batch: Batch, _: OpenRow, where: Where, __: int) -> None:
    batch.tallies.days[where][DELETED] += 1


@counts(Demand.Reminded)
def _count_reminded(batch: Batch, _: OpenRow, where: Where, __: int) -> None:
    batch.tallies.days[where][REMINDERS] += 1
