"""How administrators look through the letters: by state, kind and demand, the newest first, page by page.

The index ``outbox_listed`` begins with state and kind: each pair that is asked for gives its few newest rows, and a
page is the newest among those. So no page reads more than its length for each pair, however many letters there are.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Uuid,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from domain.letters import LetterKind
from domain.notices import NoticeKind
from store.outbox_rows import outbox

STATES: Final = ("queued", "sent", "failed")
KINDS: Final = (*map(str, LetterKind), *map(str, NoticeKind))
_NEWEST_FIRST: Final = (outbox.c.queued_at.desc(), outbox.c.mail_id.desc())


class Wanted(msgspec.Struct, frozen=True):
    """Which letters: None is any; ``after`` is where the last page ended, an instant in microseconds and a letter."""

    state: str | None = None
    kind: str | None = None
    demand_id: UUID | None = None
    after: tuple[int, UUID] | None = None


def newest(wanted: Wanted, most: int) -> Select[Any]:
    """The rows of one page, the newest first."""
    if wanted.demand_id is not None:
        chosen = select(outbox).where(outbox.c.demand_id == wanted.demand_id, _after(wanted))
        for column, value in ((outbox.c.state, wanted.state), (outbox.c.kind, wanted.kind)):
            chosen = chosen if value is None else chosen.where(column == value)
        return chosen.order_by(*_NEWEST_FIRST).limit(most)
    states, kinds = _or_all(wanted.state, STATES), _or_all(wanted.kind, KINDS)
    found = union_all(*(_of_pair(wanted, state, kind, most) for state in states for kind in kinds)).subquery()
    page = select(found.c.mail_id).order_by(found.c.queued_at.desc(), found.c.mail_id.desc()).limit(most)
    return select(outbox).where(outbox.c.mail_id.in_(page)).order_by(*_NEWEST_FIRST)


def up_to(most: int) -> Any:
    """State and number of letters, no more than so many looked at for each state."""
    return union_all(*(_number(state, most) for state in STATES))


def _number(state: str, most: int) -> Select[str, int]:
    some = select(literal(1).label("one")).where(outbox.c.state == state).limit(most).subquery()
    return select(literal(state), func.count()).select_from(some)


def _of_pair(wanted: Wanted, state: str, kind: str, most: int) -> Select[Any]:
    listed = select(outbox.c.queued_at, outbox.c.mail_id).where(
        outbox.c.state == state, outbox.c.kind == kind, _after(wanted)
    )
    return select(listed.order_by(*_NEWEST_FIRST).limit(most).subquery())


def _after(wanted: Wanted) -> ColumnElement[bool]:
    if wanted.after is None:
        return true()
    at, mail_id = wanted.after
    return tuple_(outbox.c.queued_at, outbox.c.mail_id) < tuple_(literal(at, BigInteger), literal(mail_id, Uuid))


def _or_all(one: str | None, every: tuple[str, ...]) -> tuple[str, ...]:
    return every if one is None else (one,)
