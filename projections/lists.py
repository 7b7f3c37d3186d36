"""The agents' lists: rights inside the query, keyset pages, one index per status and sort."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, and_, bindparam, false, func, literal_column, select

from domain.instants import micros
from domain.sealing import Keyring
from domain.status import Status
from projections.cursors import Place, read_cursor, written_cursor
from projections.names import asked, tokens
from projections.reading import Counters, Criteria, Page, Row, Scope, after, list_row
from projections.tables import current, open_counts, position, search_tokens

SORTS: Final = {
    "received": (current.c.submitted_at, False),
    "-received": (current.c.submitted_at, True),
    "due": (current.c.due_at, False),
    "-due": (current.c.due_at, True),
}
SECTIONS: Final = ("untreated", "in_progress", "on_hold", "service")
_AT_MOST_LATE: Final = 1_000
_counts: Final = select(
    open_counts.c.service, open_counts.c.procedure, open_counts.c.status, open_counts.c.agent, open_counts.c.n
).where(open_counts.c.n != 0)


def of_status(status: Status) -> ColumnElement[bool]:
    """A literal, not a parameter: SQLite uses a partial index only when it sees the value."""
    return current.c.status == literal_column(f"'{status}'")


_late: Final = select(func.count()).select_from(
    select(current.c.seq)
    .where(of_status(Status.IN_PROGRESS), current.c.agent == bindparam("agent"), current.c.due_at < bindparam("now"))
    .limit(_AT_MOST_LATE)
    .subquery()
)
_urgent: Final = (
    select(current)
    .where(of_status(Status.IN_PROGRESS), current.c.agent == bindparam("agent"))
    .order_by(current.c.due_at, current.c.seq)
    .limit(bindparam("most"))
)
_designated: Final = (
    select(current)
    .where(of_status(Status.UNTREATED), current.c.agent == bindparam("agent"))
    .order_by(current.c.submitted_at, current.c.seq)
    .limit(bindparam("most"))
)


class Lists:
    """Answers what is open, for whom."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine, self._keyring = engine, keyring

    def page(self, criteria: Criteria, scope: Scope, now: datetime) -> Page:
        """One page of a list; raises BadCursor."""
        column, descending = SORTS.get(criteria.sort, SORTS["received"])
        place = read_cursor(criteria.cursor, criteria.sort)
        chosen = select(current).where(*self._conditions(criteria, scope, now))
        if place is not None:
            chosen = chosen.where(after(place, column, current.c.seq, descending=descending))
        order = (column.desc(), current.c.seq.desc()) if descending else (column, current.c.seq)
        with self._engine.connect() as connection:
            found = connection.execute(chosen.order_by(*order).limit(criteria.size + 1)).all()
        rows = found[: criteria.size]
        more = len(found) > criteria.size
        value = getattr(rows[-1], column.name) if rows else 0
        return Page(
            [list_row(row) for row in rows],
            written_cursor(Place(criteria.sort, value, rows[-1].seq)) if more else None,
        )

    def counters(self, scope: Scope, now: datetime) -> Counters:
        """The numbers beside the sections, from roll-ups."""
        with self._engine.connect() as connection:
            counts = connection.execute(_counts).all()
            late = connection.scalar(_late, {"agent": scope.agent, "now": micros(now)}) or 0
        mine = [row for row in counts if row.agent == scope.agent]
        untreated = [row for row in counts if row.status == Status.UNTREATED and row.procedure in scope.processable]
        return Counters(
            in_progress=sum(row.n for row in mine if row.status == Status.IN_PROGRESS),
            untreated=sum(row.n for row in untreated),
            on_hold=sum(row.n for row in mine if row.status == Status.ON_HOLD),
            service=sum(row.n for row in counts if row.service in scope.services),
            late=late,
            for_you=sum(row.n for row in untreated if row.agent == scope.agent),
        )

    def urgent(self, scope: Scope, now: datetime, most: int) -> list[Row]:
        """What waits for this agent: untreated demands designated for him, then his own by due date."""
        del now
        parameters = {"agent": scope.agent, "most": most}
        with self._engine.connect() as connection:
            designated = connection.execute(_designated, parameters).all()
            mine = connection.execute(_urgent, parameters).all()
        return [list_row(row) for row in (*designated, *mine) if _within(row, scope)][:most]

    def _conditions(self, criteria: Criteria, scope: Scope, now: datetime) -> list[ColumnElement[bool]]:
        conditions = [_section(criteria, scope)]
        for column, wanted in ((current.c.reference, criteria.reference), (current.c.procedure, criteria.procedure)):
            if wanted is not None:
                conditions.append(column == wanted)
        if criteria.agent is not None:
            conditions.append(current.c.agent == criteria.agent)
        if criteria.status is not None:
            conditions.append(_status(criteria.status))
        if criteria.received_from is not None:
            conditions.append(current.c.submitted_at >= micros(criteria.received_from))
        if criteria.received_before is not None:
            conditions.append(current.c.submitted_at < micros(criteria.received_before))
        if criteria.late:
            conditions.append(current.c.due_at < micros(now))
        if criteria.words is not None:
            conditions.append(self._named(criteria.words, scope))
        return conditions

    def _named(self, words: tuple[str, ...], scope: Scope) -> ColumnElement[bool]:
        """Every word asked for must be a token of the demand, in a service within reach."""
        texts = asked(words)
        key = self._keyring.keys([generation := self._generation()]).get(generation)
        if not texts or key is None:
            return false()
        readable = current.c.procedure.not_in(scope.unreadable)
        return and_(readable, *(current.c.seq.in_(_bearing(token, scope)) for token in tokens(texts, key)))

    def _generation(self) -> UUID:
        with self._engine.connect() as connection:
            generation: UUID = connection.scalars(select(position.c.generation)).one()
        return generation


def _bearing(token: bytes, scope: Scope) -> Select[Any]:
    return select(search_tokens.c.seq).where(
        search_tokens.c.service.in_(scope.reach or scope.services), search_tokens.c.token == token
    )


def _section(criteria: Criteria, scope: Scope) -> ColumnElement[bool]:
    if criteria.section == "untreated":
        return and_(of_status(Status.UNTREATED), current.c.procedure.in_(scope.processable))
    if criteria.section == "in_progress":
        return and_(of_status(Status.IN_PROGRESS), current.c.agent == scope.agent)
    if criteria.section == "on_hold":
        return and_(of_status(Status.ON_HOLD), current.c.agent == scope.agent)
    return current.c.service.in_(scope.services)


def _status(name: str) -> ColumnElement[bool]:
    return of_status(Status(name)) if name in set(Status) else false()


def _within(row: Any, scope: Scope) -> bool:
    return row.procedure in scope.processable or row.service in scope.services
