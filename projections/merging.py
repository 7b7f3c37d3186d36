"""The first rows of several ranges of one index, merged: flat with size on both databases.

``IN`` with ORDER BY and LIMIT leaves the choice to the planner, and without statistics SQLite takes another index and
sorts a whole town's demands; an equality and the order of one index leave it no choice.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, Subquery, select, union


def key(by: ColumnElement[int], seq: ColumnElement[int]) -> Select[Any]:
    """What a range is asked for: the value it is sorted by, and the demand's number."""
    return select(by.label("at"), seq.label("seq"))  # type: ignore[return-value]  # narrower than what is built on it


def merged(ranges: Sequence[Select[Any]], most: BindParameter[int], *, descending: bool) -> Subquery:
    """``at`` and ``seq`` of the first ``most`` rows of all ranges together, each once."""
    firsts = [_ordered(one, most, descending=descending) for one in ranges]
    together = union(*(select(first) for first in firsts)).subquery() if len(firsts) > 1 else firsts[0]
    return _ordered(select(together.c.at, together.c.seq), most, descending=descending)


def in_order(by: ColumnElement[int], seq: ColumnElement[int], *, descending: bool) -> tuple[ColumnElement[Any], ...]:
    """By a value, and by number where it is the same."""
    return (by.desc(), seq.desc()) if descending else (by, seq)


def _ordered(chosen: Select[Any], most: BindParameter[int], *, descending: bool) -> Subquery:
    at, seq = (getattr(column, "element", column) for column in chosen.selected_columns)
    return chosen.order_by(*in_order(at, seq, descending=descending)).limit(most).subquery()
