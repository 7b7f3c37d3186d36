"""Work on many demands at once: what was asked, how far it is, what became of each demand; no text in clear.

A worker takes an operation for one group of its demands, in their order, and gives it back with their results: any
number of workers share any number of operations, and one that dies loses its lease after a while.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, bindparam, delete, func, insert, or_, select, update

from domain.instants import micros
from store.operation_rows import (
    ABANDONED,
    DONE,
    UNFINISHED,
    Operation,
    Result,
    create_tables,
    operation_demands,
    operation_of,
    operations,
)
from store.transactions import insert_into, writing

LONGEST_LEASE: Final = timedelta(minutes=10)
_free: Final = or_(operations.c.leased_until <= bindparam("now"), operations.c.leased_until > bindparam("ahead"))
"""Nobody works on it: no lease, one that is over, or one taken before a clock stepped back."""
_due: Final = (
    select(operations.c.id).where(UNFINISHED, _free).order_by(operations.c.leased_until, operations.c.id).limit(1)
)
_claim: Final = (
    update(operations)
    .where(operations.c.id == bindparam("operation"), UNFINISHED, _free)
    .values(leased_until=bindparam("until"))
    .returning(operations)
)
_group: Final = (
    select(operation_demands.c.number, operation_demands.c.reference)
    .where(
        operation_demands.c.operation == bindparam("of"),
        operation_demands.c.number >= bindparam("first"),
    )
    .order_by(operation_demands.c.number)
    .limit(bindparam("most"))
)
_write: Final = (
    update(operation_demands)
    .where(operation_demands.c.operation == bindparam("of"), operation_demands.c.number == bindparam("place"))
    .values(result=bindparam("became"), detail=bindparam("said"))
)
_held: Final = (operations.c.id == bindparam("of"), operations.c.leased_until == bindparam("mine"), UNFINISHED)
_give_back: Final = update(operations).where(*_held).values(leased_until=bindparam("until"))
_tally: Final = (
    select(operation_demands.c.result, operation_demands.c.detail, func.count().label("n"))
    .where(operation_demands.c.operation == bindparam("of"), operation_demands.c.result.is_not(None))
    .group_by(operation_demands.c.result, operation_demands.c.detail)
)


class Operations:
    """What was asked for many demands, shared by the pages that show it and the workers that carry it out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, operation: Operation, references: Sequence[str]) -> bool:
        """Keep what was asked, with its demands; False when it was asked before, and nothing changes."""
        asked = {name: getattr(operation, name) for name in ("id", "agent", "action", "total", "details", "back")}
        row = asked | {"handled": 0, "failed": 0, "leased_until": 0, "asked_at": micros(operation.asked_at)}
        with writing(self._engine) as connection:
            put = insert_into(connection, operations).on_conflict_do_nothing().returning(operations.c.id)
            if connection.execute(put.values(row)).one_or_none() is None:
                return False
            demands = [
                {"operation": operation.id, "number": number, "reference": reference}
                for number, reference in enumerate(references)
            ]
            connection.execute(insert(operation_demands), demands)
        return True

    def find(self, identity: UUID) -> Operation | None:
        """One operation."""
        with self._engine.connect() as connection:
            row = connection.execute(select(operations).where(operations.c.id == identity)).one_or_none()
        return operation_of(row) if row else None

    def latest(self, agent: str, most: int) -> list[Operation]:
        """An agent's last operations, the newest first."""
        chosen = select(operations).where(operations.c.agent == agent)
        newest = chosen.order_by(operations.c.asked_at.desc(), operations.c.id).limit(most)
        with self._engine.connect() as connection:
            return [operation_of(row) for row in connection.execute(newest)]

    def claim(self, now: datetime, lease: timedelta) -> Operation | None:
        """Take, for a while, the operation that waited longest since somebody worked on it; None when none is free."""
        when = {"now": micros(now), "ahead": micros(now + LONGEST_LEASE)}
        with self._engine.connect() as connection:
            identity: UUID | None = connection.scalar(_due, when)
        if identity is None:
            return None
        with writing(self._engine) as connection:
            row = connection.execute(_claim, when | {"operation": identity, "until": micros(now + lease)}).one_or_none()
        return operation_of(row) if row else None

    def group(self, held: Operation, most: int) -> list[tuple[int, str]]:
        """The demands whose turn it is, as numbers and references."""
        with self._engine.connect() as connection:
            rows = connection.execute(_group, {"of": held.id, "first": held.handled, "most": most})
            return [(number, reference) for number, reference in rows]

    def record(self, held: Operation, results: Sequence[Result], now: datetime) -> Operation | None:
        """Write what became of the group and give the operation back; None when the lease was lost meanwhile.

        The last results end it, and its texts go in the same transaction.
        """
        failed = held.failed + sum(one.result != DONE for one in results)
        handled = held.handled + len(results)
        values: dict[str, Any] = {"handled": handled, "failed": failed, "leased_until": micros(now)}
        if handled >= held.total:
            values |= {"ended_at": micros(now), "details": None}
        with writing(self._engine) as connection:
            mine = {"of": held.id, "mine": held.lease}
            mark = update(operations).where(*_held, operations.c.handled == held.handled).values(values)
            if connection.execute(mark, mine).rowcount != 1:
                return None
            if results:
                connection.execute(_write, [_written(held.id, one) for one in results])
        return self.find(held.id)

    def give_back(self, held: Operation, until: datetime) -> None:
        """Let nobody work on it before an instant: a store is out of order."""
        with writing(self._engine) as connection:
            connection.execute(_give_back, {"of": held.id, "mine": held.lease, "until": micros(until)})

    def abandon(self, held: Operation, now: datetime) -> None:
        """End it as it is: the demands whose turn has not come are left as they are, and its texts go."""
        left = (
            update(operation_demands)
            .where(operation_demands.c.operation == held.id, operation_demands.c.number >= held.handled)
            .values(result=ABANDONED)
        )
        ended = {"handled": held.total, "failed": held.failed + held.total - held.handled, "ended_at": micros(now)}
        with writing(self._engine) as connection:
            mine = {"of": held.id, "mine": held.lease}
            closed = update(operations).where(*_held).values(ended | {"details": None, "leased_until": micros(now)})
            if connection.execute(closed, mine).rowcount == 1:
                connection.execute(left)

    def tally(self, identity: UUID) -> Mapping[tuple[str, str | None], int]:
        """How many demands became what."""
        with self._engine.connect() as connection:
            return {(result, detail): n for result, detail, n in connection.execute(_tally, {"of": identity})}

    def results(self, identity: UUID, most: int, after: int = -1, *, done: bool = False) -> list[Result]:
        """Demands it was carried out for, or those that were refused, in their order and after a number."""
        demands = operation_demands.c
        chosen = (
            select(demands.number, demands.reference, demands.result, demands.detail)
            .where(demands.operation == identity, demands.number > after)
            .where(demands.result == DONE if done else demands.result != DONE)
            .order_by(demands.number)
            .limit(most)
        )
        with self._engine.connect() as connection:
            return [Result(*row) for row in connection.execute(chosen)]

    def unfinished_among(self, identities: Sequence[UUID]) -> set[UUID]:
        """Those whose texts are still needed."""
        chosen = select(operations.c.id).where(operations.c.id.in_(identities), UNFINISHED)
        with self._engine.connect() as connection:
            return set(connection.scalars(chosen))

    def present(self, identities: Sequence[UUID]) -> set[UUID]:
        """Those that were asked at all."""
        with self._engine.connect() as connection:
            return set(connection.scalars(select(operations.c.id).where(operations.c.id.in_(identities))))

    def purge(self, before: datetime) -> int:
        """Forget the operations that ended before an instant; how many."""
        old = select(operations.c.id).where(operations.c.ended_at < micros(before))
        with writing(self._engine) as connection:
            connection.execute(delete(operation_demands).where(operation_demands.c.operation.in_(old)))
            return connection.execute(delete(operations).where(operations.c.ended_at < micros(before))).rowcount


def _written(operation: UUID, one: Result) -> dict[str, Any]:
    return {"of": operation, "place": one.number, "became": one.result, "said": one.detail}


__all__ = ["ABANDONED", "DONE", "Operation", "Operations", "Result", "create_tables"]
