"""The agents' lists: rights inside the query, keyset pages, one index per status and sort."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Engine, bindparam, literal, select, union_all

from domain.sealing import Keyring
from domain.status import Status
from projections.counting import AGENT, ALL_COUNTS, PROCESSABLE, allowed, asked_now, counters
from projections.cursors import Place, read_cursor, written_cursor
from projections.listing import OWN, SORTS, Shape, listing, shape_of, values_of
from projections.names import asked, tokens
from projections.naming import ARRIVAL, GATHER, MOST_SORTED, WALK, frequencies, named
from projections.reading import LISTED, Counters, Criteria, Page, Row, Scope, list_row
from projections.tables import current, of_status, position

SECTIONS: Final = ("untreated", "in_progress", "on_hold", "service")
_NOTHING: Final = Page([], None)
_generation: Final = select(position.c.generation)
_designated: Final = (
    select(literal(0).label("rank"), current.c.submitted_at.label("due"), *LISTED)
    .where(of_status(Status.UNTREATED), current.c.agent == AGENT, current.c.procedure.in_(PROCESSABLE))
    .order_by(current.c.submitted_at, current.c.seq)
    .limit(bindparam("most"))
    .subquery()
)
_own: Final = (
    select(literal(1).label("rank"), current.c.due_at.label("due"), *LISTED)
    .where(of_status(Status.IN_PROGRESS), current.c.agent == AGENT, allowed(current))
    .order_by(current.c.due_at, current.c.seq)
    .limit(bindparam("most"))
    .subquery()
)
_both: Final = union_all(select(_designated), select(_own)).subquery()
_urgent: Final = select(_both).order_by(_both.c.rank, _both.c.due, _both.c.seq).limit(bindparam("most"))


class Lists:
    """Answers what is open, for whom."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine, self._keyring = engine, keyring

    def page(self, criteria: Criteria, scope: Scope, now: datetime) -> Page:
        """One page of a list; raises BadCursor."""
        shape, values = shape_of(criteria, scope), values_of(criteria, scope) | asked_now(scope, now)
        place = read_cursor(criteria.cursor, criteria.sort)
        if place is not None:
            values |= {"value": place.value, "seq": place.seq}
        if criteria.section not in OWN and not shape.ranges:
            return _NOTHING
        if criteria.words is not None:
            looked_for = self._tokens(criteria.words)
            named_shape = self._named(shape, looked_for, scope, values)
            if named_shape is None:
                return _NOTHING
            shape = named_shape
        with self._engine.connect() as connection:
            found = connection.execute(listing(shape), values | {"most": criteria.size + 1}).all()
        return _page(criteria, found, SORTS[shape.sort][0].name)

    def counters(self, scope: Scope, now: datetime) -> Counters:
        """The numbers beside the sections, from roll-ups, and how many of the agent's own demands are late."""
        with self._engine.connect() as connection:
            row = connection.execute(ALL_COUNTS, asked_now(scope, now)).one()
        return counters(row, row.n_late)

    def urgent(self, scope: Scope, now: datetime, most: int) -> list[Row]:
        """What waits for this agent: untreated demands designated for him, then his own by due date."""
        with self._engine.connect() as connection:
            rows = connection.execute(_urgent, asked_now(scope, now) | {"most": most}).all()
        return [list_row(row) for row in rows]

    def _tokens(self, typed: tuple[str, ...]) -> list[bytes]:
        """The tokens of what was typed; none where nothing can bear them."""
        texts = asked(typed)
        if not texts:
            return []
        with self._engine.connect() as connection:
            generation: UUID = connection.scalars(_generation).one()
        key = self._keyring.keys([generation]).get(generation)
        return tokens(texts, key) if key is not None else []

    def _named(self, shape: Shape, looked_for: list[bytes], scope: Scope, values: dict[str, Any]) -> Shape | None:
        """The shape that finds these tokens, whose values are added; None when nobody bears one of them."""
        reach = scope.services if shape.section == "service" else scope.reach or scope.services
        if not looked_for or not reach:
            return None
        with self._engine.connect() as connection:
            where = named(looked_for, reach, scope.unreadable)
            counted = connection.execute(frequencies(len(looked_for)), where).one()
        if not min(counted):
            return None
        rarest_first = [token for _, token in sorted(zip(counted, looked_for, strict=True))]
        values |= named(rarest_first, reach, scope.unreadable)
        how = _way(shape, min(counted), len(looked_for))
        ranges = len(reach) if how == ARRIVAL else shape.ranges
        return msgspec.structs.replace(
            shape, tokens=len(looked_for), naming=how, ranges=ranges, hides=bool(scope.unreadable)
        )


def _way(shape: Shape, rarest: int, words: int) -> str:
    """How to find those who bear every word."""
    if rarest <= MOST_SORTED:
        return GATHER
    if shape.section in OWN:
        return WALK
    if shape.sort.endswith("received"):
        return ARRIVAL
    return WALK if words == 1 else GATHER


def _page(criteria: Criteria, found: Any, sorted_by: str) -> Page:
    rows = found[: criteria.size]
    more = len(found) > criteria.size
    last = Place(criteria.sort, getattr(rows[-1], sorted_by), rows[-1].seq) if more else None
    return Page(
        [list_row(row) for row in rows],
        written_cursor(last) if last else None,
        counters(rows[0]) if rows else None,
    )
