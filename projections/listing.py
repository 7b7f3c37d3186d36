"""The statements of the lists: one for each shape of question, composed once and kept."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from domain.instants import micros
from domain.status import OPEN, Status
from projections.counting import AGENT, COUNTS, PROCESSABLE, SERVICES, allowed
from projections.merging import followed, in_order, key
from projections.naming import ARRIVAL, GATHER, WALK, arrived, bearing_all, borne
from projections.reading import LISTED, Criteria, Scope
from projections.tables import current, of_status, search_tokens

_submitted: Final = current.c.submitted_at
_due: Final = current.c.due_at
SORTS: Final = {
    "received": (current.c.submitted_at, False),
    "-received": (current.c.submitted_at, True),
    "due": (current.c.due_at, False),
    "-due": (current.c.due_at, True),
    "since": (current.c.since, False),
    "-since": (current.c.since, True),
}
_ONLY_ON_HOLD: Final = ("since", "-since")
"""Since when a demand waits is no question elsewhere, and no other index would answer it."""
OWN: Final = {"in_progress": Status.IN_PROGRESS, "on_hold": Status.ON_HOLD}
"""The sections that hold an agent's own demands."""
_OPEN: Final = tuple(sorted(OPEN))
_SHAPES_KEPT: Final = 1_024
_MOST: Final = bindparam("most", type_=Integer)
_FILTERS: Final = ("reference", "procedure", "service", "agent", "received_from", "received_before", "late")


class Shape(msgspec.Struct, frozen=True):
    """What a question has in common with others: all but its values.

    ``ranges`` are how many procedures or services it looks through, ``tokens`` how many words of a name it asks for,
    the rarest first; ``naming`` is how those are found (``projections.naming``), ``hides`` that the agent may not read
    every procedure there; ``cut`` is what PostgreSQL needs (``projections.merging.followed``).
    """

    section: str
    sort: str
    status: str | None
    filters: tuple[str, ...]
    continued: bool
    ranges: int
    tokens: int = 0
    naming: str = ""
    hides: bool = False
    cut: bool = False


def sorts_of(section: str) -> tuple[str, ...]:
    """How a section may be sorted; ``-`` turns the order round."""
    return tuple(sort for sort in SORTS if section == "on_hold" or sort not in _ONLY_ON_HOLD)


def shape_of(criteria: Criteria, scope: Scope, *, cut: bool) -> Shape:
    """The shape of a question without its words."""
    sort = criteria.sort if criteria.sort in sorts_of(criteria.section) else "received"
    given = tuple(name for name in _FILTERS if getattr(criteria, name) not in (None, False))
    ranges = len(ranges_of(criteria, scope))
    return Shape(criteria.section, sort, criteria.status, given, bool(criteria.cursor), ranges, cut=cut)


def ranges_of(criteria: Criteria, scope: Scope) -> tuple[str, ...]:
    """The procedures or services that a list looks through; none for a list of the agent's own demands."""
    if criteria.section in OWN:
        return ()
    if criteria.section == "untreated":
        return tuple(code for code in scope.processable if criteria.procedure in (None, code))
    return tuple(name for name in scope.services if criteria.service in (None, name))


def values_of(criteria: Criteria, scope: Scope) -> dict[str, Any]:
    """The values of a question, under the names of its statement."""
    values: dict[str, Any] = {f"range{number}": name for number, name in enumerate(ranges_of(criteria, scope))}
    values |= {name: getattr(criteria, name) for name in ("reference", "procedure", "service", "agent")}
    for name in ("received_from", "received_before"):
        moment = getattr(criteria, name)
        values[name] = None if moment is None else micros(moment)
    return values


@lru_cache(_SHAPES_KEPT)
def listing(shape: Shape) -> Select[Any]:
    """One page of a list in its order, each row with the numbers beside the sections."""
    column, descending = SORTS[shape.sort]
    order, listed = in_order(column, current.c.seq, descending=descending), select(*LISTED, *COUNTS)
    conditions = list(_conditions(shape))
    if shape.naming == GATHER:
        chosen = current.c.seq.in_(bearing_all(shape.tokens)), _within(shape)
        few = followed(
            [key(column, current.c.seq).where(*chosen, *conditions)], _MOST, descending=descending, cut=shape.cut
        )
        return listed.join_from(few, current, current.c.seq == few.c.seq).order_by(*order)
    if shape.naming == ARRIVAL:
        within = [] if shape.section == "service" else [_within(shape)]
        arrivals = arrived(shape.ranges, shape.tokens, [*within, *conditions])
        ranges = [one.where(*_among_tokens(shape)) for one in arrivals]
        first = followed(ranges, _MOST, descending=descending, cut=shape.cut)
        return listed.join_from(first, current, current.c.seq == first.c.seq).order_by(*order)
    if shape.section in OWN:
        return listed.where(*_own(shape.section), *conditions).order_by(*order).limit(_MOST)
    first = followed(
        [_key(column, one, conditions) for one in _ranges(shape)], _MOST, descending=descending, cut=shape.cut
    )
    return listed.join_from(first, current, current.c.seq == first.c.seq).order_by(*order)


@lru_cache(_SHAPES_KEPT)
def counting(shape: Shape) -> Select[Any]:
    """How many rows all pages of a list have together, as far as ``most``: read in an index, without their order."""
    conditions = list(_conditions(shape))
    if shape.naming:
        ranges = [_counted(current.c.seq.in_(bearing_all(shape.tokens)), _within(shape), *conditions)]
    elif shape.section in OWN:
        ranges = [_counted(*_own(shape.section), *conditions)]
    else:
        ranges = [_counted(one, *conditions) for one in _ranges(shape)]
    firsts = [select(one.limit(_MOST).subquery()) for one in ranges]
    rows = union_all(*firsts).limit(_MOST).subquery() if len(firsts) > 1 else ranges[0].limit(_MOST).subquery()
    return select(func.count()).select_from(rows)


def _counted(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(current.c.seq).where(*conditions)


def _key(column: ColumnElement[int], one: ColumnElement[bool], conditions: list[ColumnElement[bool]]) -> Select[Any]:
    return key(column, current.c.seq).where(one, *conditions)


def _conditions(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """What narrows a list: read on the way, while the index of its order leads (``+ 0``, ``|| ''``: no column)."""
    sorted_by, _ = SORTS[shape.sort]
    submitted, due = (column if column is sorted_by else column + 0 for column in (_submitted, _due))
    narrowing = {
        "reference": current.c.reference == bindparam("reference"),
        "procedure": current.c.procedure.concat("") == bindparam("procedure"),
        "service": current.c.service.concat("") == bindparam("service"),
        "agent": current.c.agent.concat("") == bindparam("agent"),
        "received_from": submitted >= bindparam("received_from"),
        "received_before": submitted < bindparam("received_before"),
        "late": due < bindparam("now"),
    }
    yield from (narrowing[name] for name in shape.filters if name != _leading(shape))
    if shape.status is not None:
        known = shape.status in set(Status)
        yield current.c.status.concat("") == literal_column(f"'{shape.status}'") if known else false()
    if shape.continued and shape.naming != ARRIVAL:
        column, descending = SORTS[shape.sort]
        yield _after(column, current.c.seq, descending=descending)
    if shape.tokens:
        if shape.hides:
            yield current.c.procedure.not_in(bindparam("unreadable", expanding=True))
        if shape.naming == WALK:
            yield from map(borne, range(shape.tokens))


def _among_tokens(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """From which token on, and up to which: days of receipt and the place where a page ended lead to them."""
    if "received_from" in shape.filters:
        yield search_tokens.c.submitted_at >= bindparam("received_from")
    if "received_before" in shape.filters:
        yield search_tokens.c.submitted_at < bindparam("received_before")
    if shape.continued:
        _, descending = SORTS[shape.sort]
        yield _after(search_tokens.c.submitted_at, search_tokens.c.seq, descending=descending)


def _after(by: ColumnElement[int], seq: ColumnElement[int], *, descending: bool) -> ColumnElement[bool]:
    """The condition that continues a page: keyset, never OFFSET."""
    here = tuple_(by, seq)
    there = tuple_(*(bindparam(name, type_=BigInteger) for name in ("value", "seq")))
    return here < there if descending else here > there


def _own(section: str) -> list[ColumnElement[bool]]:
    return [of_status(OWN[section]), current.c.agent == AGENT, allowed(current)]


def _ranges(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """One range of an index for each procedure of « Non traitées », for each service of « Du service ».

    Who looks for the demands of an agent or a procedure follows those alone, which may be few among all.
    """
    leading = _leading(shape)
    if leading == "agent":
        yield from _of_agent(shape)
        return
    if leading == "procedure":
        yield and_(current.c.procedure == bindparam("procedure"), _allowed_here(shape))
        return
    for number in range(shape.ranges):
        one: BindParameter[str] = bindparam(f"range{number}")
        if shape.section == "untreated":
            yield and_(of_status(Status.UNTREATED), current.c.procedure == one)
        else:
            yield current.c.service == one


def _leading(shape: Shape) -> str:
    """The criterion whose own index is followed; the others are read on the way."""
    if shape.section in OWN or shape.naming in (GATHER, ARRIVAL):
        return ""
    if "agent" in shape.filters:
        return "agent"
    lies_so = shape.section == "service" and shape.sort.endswith("received")
    return "procedure" if lies_so and "procedure" in shape.filters else ""


def _of_agent(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """One range for each status."""
    his, statuses = current.c.agent == bindparam("agent"), [one for one in _OPEN if shape.status in (None, one)]
    if shape.section == "untreated":
        statuses = [Status.UNTREATED]
    for status in statuses or _OPEN:
        yield and_(of_status(status), his, _allowed_here(shape))


def _allowed_here(shape: Shape) -> ColumnElement[bool]:
    """The rights, which must not lead: SQLite takes a list of one for an equality, PostgreSQL counts what is left."""
    column, within = current.c.service, SERVICES
    if shape.section == "untreated":
        column, within = current.c.procedure, PROCESSABLE
    return (column if shape.cut else column.concat("")).in_(within)


def _within(shape: Shape) -> ColumnElement[bool]:
    """The section where tokens lead: nothing else may lead the planner, so these columns are made expressions."""
    procedure, service = current.c.procedure.concat(""), current.c.service.concat("")
    if shape.section in OWN:
        mine = current.c.agent.concat("") == AGENT, or_(procedure.in_(PROCESSABLE), service.in_(SERVICES))
        return and_(of_status(OWN[shape.section]), *mine)
    if shape.section == "untreated":
        return and_(of_status(Status.UNTREATED), procedure.in_(PROCESSABLE))
    return service.in_(SERVICES)
