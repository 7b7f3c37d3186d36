"""The agents' lists: rights inside the query, keyset pages, one index per status and sort."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Connection, Engine, bindparam, select, union_all

from domain.instants import micros
from domain.sealing import Keyring
from projections.counting import ALL_COUNTS, COUNTS, asked_now, counters
from projections.cursors import Place, read_cursor, written_cursor
from projections.listing import OWN, SORTS, Shape, counting, listing, shape_of, values_of
from projections.names import asked, tokens
from projections.naming import ARRIVAL, FEW, GATHER, MANY, WALK, frequencies, named, together
from projections.prepared import Prepared
from projections.reading import LISTED, Counters, Criteria, Page, Row, Scope, list_row
from projections.tables import current, journal, position
from projections.urgency import RANKED, urgent
from projections.views import snapshot

SECTIONS: Final = ("untreated", "in_progress", "on_hold", "service")
_NOTHING: Final = Page([], None)
_PLACES: Final = {column.name: place for place, column in enumerate(LISTED)}
_LISTED: Final = len(LISTED)
_BESIDE: Final = select(*COUNTS)
_generation: Final = select(position.c.generation)
_REFERENCES: Final[BindParameter[Any]] = bindparam("references", expanding=True)
_written_so: Final = union_all(
    *(select(table.c.reference).where(table.c.reference.in_(_REFERENCES)) for table in (current, journal))
)


class Lists:
    """Answers what is open, for whom."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine, self._keyring, self._prepared = engine, keyring, Prepared(engine)
        self._cut = engine.dialect.name == "postgresql"

    def page(self, criteria: Criteria, scope: Scope, now: datetime) -> Page:
        """One page of a list; raises BadCursor."""
        shape = shape_of(criteria, scope, cut=self._cut)
        values = values_of(criteria, scope) | asked_now(scope, now)
        place = read_cursor(criteria.cursor, criteria.sort)
        if place is not None:
            values |= {"value": place.value, "seq": place.seq}
        if criteria.section not in OWN and not shape.ranges:
            return _NOTHING
        values["most"] = criteria.size + 1
        if criteria.words is None:
            found = self._prepared.rows(listing(shape), values)
        else:
            found = self._searched(shape, criteria.words, scope, values)
        return _page(criteria, found, SORTS[shape.sort][0].name)

    def number(self, criteria: Criteria, scope: Scope, now: datetime, most: int) -> int:
        """How many demands answer to some criteria, ``most`` at most; for who wants to act on all of them."""
        whole = msgspec.structs.replace(criteria, cursor=None)
        shape = shape_of(whole, scope, cut=False)
        values = values_of(whole, scope) | asked_now(scope, now) | {"most": most}
        if criteria.section not in OWN and not shape.ranges:
            return 0
        if criteria.words is None:
            return int(self._prepared.rows(counting(shape), values)[0][0])
        with snapshot(self._engine) as connection:
            found = self._named(connection, shape, criteria.words, scope, values)
            if found is None:
                return 0
            gathered = msgspec.structs.replace(found, naming=GATHER)
            return int(connection.scalars(counting(gathered), values).one())

    def written_so(self, references: Sequence[str]) -> list[str]:
        """Which of these references stand on a demand, open or finished; rights are not asked here."""
        return [found for (found,) in self._prepared.rows(_written_so, {"references": tuple(references)})]

    def counters(self, scope: Scope, now: datetime) -> Counters:
        """The numbers of the home page: those beside the sections, and how many demands are late."""
        return counters(self._prepared.rows(ALL_COUNTS, asked_now(scope, now))[0])

    def beside_sections(self, scope: Scope, now: datetime) -> Counters:
        """The numbers beside the sections, from roll-ups; the late ones are not counted."""
        return counters(self._prepared.rows(_BESIDE, asked_now(scope, now))[0])

    def urgent(self, scope: Scope, now: datetime, soon: timedelta, most: int) -> list[Row]:
        """What awaits this agent: his late ones, late ones he may take, his due ``soon``, designated, the rest."""
        values = asked_now(scope, now) | {"soon": micros(now + soon), "most": most}
        values |= {f"range{number}": code for number, code in enumerate(scope.processable)}
        chosen = urgent(len(scope.processable), cut=self._cut)
        return [list_row(row[RANKED:]) for row in self._prepared.rows(chosen, values)]

    def _searched(
        self, shape: Shape, words: tuple[str, ...], scope: Scope, values: dict[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Several statements of one moment: how many bear each word decides how they are looked for."""
        with snapshot(self._engine) as connection:
            found = self._named(connection, shape, words, scope, values)
            return [] if found is None else connection.execute(listing(found), values).all()

    def _tokens(self, connection: Connection, typed: tuple[str, ...]) -> list[bytes]:
        """The tokens of what was typed, under the key of the generation that is read; none where nothing bears them."""
        texts = asked(typed)
        if not texts:
            return []
        generation: UUID = connection.scalars(_generation).one()
        key = self._keyring.keys([generation]).get(generation)
        return tokens(texts, key) if key is not None else []

    def _named(
        self, connection: Connection, shape: Shape, typed: tuple[str, ...], scope: Scope, values: dict[str, Any]
    ) -> Shape | None:
        """The shape that finds these tokens, whose values are added; None when nobody bears one of them."""
        reach = scope.services if shape.section == "service" else scope.reach or scope.services
        looked_for = self._tokens(connection, typed) if reach else []
        if not looked_for:
            return None
        where = named(looked_for, reach, scope.unreadable)
        counted = connection.execute(frequencies(len(looked_for)), where).one()
        if not min(counted):
            return None
        rarest_first = [token for _, token in sorted(zip(counted, looked_for, strict=True))]
        values |= named(rarest_first, reach, scope.unreadable)
        how = _way(shape, min(counted))
        if how == WALK and not _of_one_agent(shape) and len(looked_for) > 1:
            both = connection.scalars(together(len(looked_for)), values).one()
            how = WALK if both > MANY else GATHER
        ranges = len(reach) if how == ARRIVAL else shape.ranges
        return msgspec.structs.replace(
            shape, tokens=len(looked_for), naming=how, ranges=ranges, hides=bool(scope.unreadable)
        )


def _way(shape: Shape, rarest: int) -> str:
    """How to find those who bear the rarest word: of one agent's demands, from him or from the word."""
    if rarest <= FEW:
        return GATHER
    if shape.section in OWN:
        return WALK
    if shape.sort.endswith("received") and not _of_one_agent(shape):
        return ARRIVAL
    return WALK if rarest > MANY else GATHER


def _of_one_agent(shape: Shape) -> bool:
    return shape.section in OWN or "agent" in shape.filters


def _page(criteria: Criteria, found: Sequence[Sequence[Any]], sorted_by: str) -> Page:
    rows = [list_row(row[:_LISTED]) for row in found[: criteria.size]]
    next_one = None
    if len(found) > criteria.size:
        last = found[criteria.size - 1]
        next_one = written_cursor(Place(criteria.sort, last[_PLACES[sorted_by]], last[_PLACES["seq"]]))
    return Page(rows, next_one, counters(found[0][_LISTED:]) if found else None)
