"""The first rows of several ranges of one index, merged: flat with size on both databases.

``IN`` with ORDER BY and LIMIT leaves the choice to the planner, and without statistics SQLite takes another index and
sorts a whole town's demands; an equality and the order of one index leave it no choice.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, Subquery, select, union, union_all


def key(by: ColumnElement[int], seq: ColumnElement[int]) -> Select[Any]:
    """What a range is asked for: the value it is sorted by, and the demand's number."""
    return select(by.label("at"), seq.label("seq"))  # type: ignore[return-value]  # narrower than what is built on it


def merged(ranges: Sequence[Select[Any]], most: BindParameter[int], *, descending: bool) -> Subquery:
    """``at`` and ``seq`` of the first ``most`` rows of all ranges together, each once."""
    firsts = [_ordered(one, most, descending=descending) for one in ranges]
    together = union(*(select(first) for first in firsts)).subquery() if len(firsts) > 1 else firsts[0]
    return _ordered(select(together.c.at, together.c.seq), most, descending=descending)


def followed(ranges: Sequence[Select[Any]], most: BindParameter[int], *, descending: bool, cut: bool) -> Subquery:
    """The same for ranges that share no row.

    SQLite takes the next row from whichever range has it, so that none is read further than it is needed. PostgreSQL
    would sort them all: there each is ``cut`` by a limit of its own.
    """
    if len(ranges) == 1:
        return _ordered(ranges[0], most, descending=descending)
    firsts = [select(_ordered(one, most, descending=descending)) for one in ranges] if cut else ranges
    together = union_all(*firsts).subquery()
    return _ordered(select(together.c.at, together.c.seq), most, descending=descending)


def in_order(by: ColumnElement[int], seq: ColumnElement[int], *, descending: bool) -> tuple[ColumnElement[Any], ...]:
    """By a value, and by number where it is the same."""
    return (by.desc(), seq.desc()) if descending else (by, seq)


def _ordered(chosen: Select[Any], most: BindParameter[int], *, descending: bool) -> Subquery:
    return chosen.order_by(*in_order(*_columns(chosen), descending=descending)).limit(most).subquery()


def _columns(chosen: Select[Any]) -> Iterator[ColumnElement[Any]]:
    return (getattr(column, "element", column) for column in chosen.selected_columns)
