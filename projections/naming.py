"""How demands that bear a name are found by their tokens; a frequent name must cost no more than a rare one."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Select, Table, bindparam, func, literal, select

from projections.merging import key
from projections.tables import current, search_tokens

GATHER: Final = "gather"
"""Few bear the rarest word: all of them are looked up and sorted."""
ARRIVAL: Final = "arrival"
"""Many bear it: they are listed in the order of receipt, in which the tokens stand."""
WALK: Final = "walk"
"""Many bear it, and another order is asked for: the list is followed until a page is full."""
FEW: Final = 50
MANY: Final = 1_000
"""To look up as many costs what following a list costs until twenty-five of them are met."""
_other: Final = search_tokens.alias("borne")
_REACH: Final[BindParameter[Any]] = bindparam("reach", expanding=True)


def named(found: Sequence[bytes], reach: Sequence[str], unreadable: Sequence[str]) -> dict[str, Any]:
    """Tokens and where to look for them, under the names that statements give them."""
    values: dict[str, Any] = {f"token{number}": token for number, token in enumerate(found)}
    values |= {f"reach{number}": service for number, service in enumerate(reach)}
    return values | {"reach": reach, "unreadable": unreadable}


@lru_cache(16)
def frequencies(number: int) -> Select[Any]:
    """How many demands bear each of some tokens, as far as it matters."""
    counted = (bearing(place).limit(MANY + 1).subquery() for place in range(number))
    return select(*(select(func.count()).select_from(some).scalar_subquery() for some in counted))


def bearing(place: int) -> Select[Any]:
    """The demands within reach that bear a token."""
    return select(search_tokens.c.seq).where(
        search_tokens.c.service.in_(_REACH), search_tokens.c.token == bindparam(f"token{place}")
    )


def bearing_all(words: int) -> Select[Any]:
    """Those that bear every token, found from the rarest one in the tokens alone."""
    return bearing(0).where(*_with_others(words))


@lru_cache(16)
def together(words: int) -> Select[Any]:
    """How many bear every token, as far as it matters; the rarest one first."""
    return select(func.count()).select_from(bearing_all(words).limit(MANY + 1).subquery())


def arrived(services: int, words: int, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Select[Any]]:
    """The demands of each service that bear every token, as they stand in the order of the rarest one."""
    told = select(literal(1)).where(current.c.seq == search_tokens.c.seq, *conditions).correlate(search_tokens)
    fitting = [told.limit(1).scalar_subquery() == 1] if conditions else []
    for number in range(services):
        yield key(search_tokens.c.submitted_at, search_tokens.c.seq).where(
            search_tokens.c.service == bindparam(f"reach{number}"),
            search_tokens.c.token == bindparam("token0"),
            *_with_others(words),
            *fitting,
        )


def borne(place: int) -> ColumnElement[bool]:
    """Whether a demand bears a token: a scalar, as PostgreSQL would gather all that do for an EXISTS."""
    return _borne_by(current, place)


def _with_others(words: int) -> Iterator[ColumnElement[bool]]:
    return (_borne_by(search_tokens, place) for place in range(1, words))


def _borne_by(table: Table, place: int) -> ColumnElement[bool]:
    """Looked up where its token stands, near the one before; an equality of numbers would lead to ``tokens_of``."""
    found = select(literal(1)).where(
        _other.c.service == table.c.service,
        _other.c.token == bindparam(f"token{place}"),
        _other.c.submitted_at == table.c.submitted_at,
        _other.c.seq.between(table.c.seq, table.c.seq),
    )
    return found.correlate(table).limit(1).scalar_subquery() == 1
