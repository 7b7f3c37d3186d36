"""Two generations of read models at the same position, row for row.

Their search tokens are under different keys, so the tokens of the second are computed again from its sealed names,
under the key of the first; names that nobody can open any more are left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Select, Table, Text, select

from domain.sealing import Keyring
from projections.searching import Searching, TokenRow
from projections.tables import current, metadata, open_counts, position, search_tokens

_PAGE: Final = 1_000
_CHUNK: Final = 500
_MOST: Final = 10
_SEPARATE: Final = (search_tokens, position)
Key = tuple[Any, ...]
Values = tuple[Any, ...]


class Difference(msgspec.Struct, frozen=True):
    """What is otherwise in the live read models: a table, a key (never a token), and in French what is wrong."""

    view: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"vue {self.view} {self.key} : {self.what}" if self.key else f"vue {self.view} : {self.what}"


def differences(live: Connection, again: Connection, keyring: Keyring, generation: UUID) -> list[Difference]:
    """Ten for each table at most, then their number; ``generation`` names the live ones' search key."""
    found: list[Difference] = []
    for table in metadata.sorted_tables:
        if table not in _SEPARATE:
            found += _told(table, _differences(_pages(live, table), _pages(again, table), table))
    found += _told(search_tokens, _token_differences(live, again, keyring, generation))
    return found


def _told(table: Table, different: Iterable[tuple[str, Key]]) -> list[Difference]:
    told, number = [], 0
    for number, (what, key) in enumerate(different, start=1):
        if number <= _MOST:
            told.append(Difference(table.name, " ".join(str(part) for part in key), what))
    if number > _MOST:
        told.append(Difference(table.name, "", f"{number - _MOST} autres différences"))
    return told


def _pages(connection: Connection, table: Table) -> Iterator[list[Values]]:
    chosen = _ordered(table, connection.dialect.name).execution_options(yield_per=_PAGE)
    for rows in connection.execute(chosen).partitions():
        yield [tuple(row) for row in rows]


def _ordered(table: Table, dialect: str) -> Select[Any]:
    """In the order of Python's own comparison, which PostgreSQL's collations are not."""
    keys = list(table.primary_key.columns)
    order = [key.collate("C") if dialect == "postgresql" and isinstance(key.type, Text) else key for key in keys]
    chosen = select(table).order_by(*order)
    return chosen.where(open_counts.c.n != 0) if table is open_counts else chosen  # none of a kind says nothing


def _differences(
    live: Iterator[list[Values]], again: Iterator[list[Values]], table: Table
) -> Iterator[tuple[str, Key]]:
    """Both sides are sorted by key: pages are compared whole, and row by row from the first that differs."""
    left: list[Values] | None = []
    right: list[Values] | None = []
    while left == right and left is not None:
        left, right = next(live, None), next(again, None)
    if left is None and right is None:
        return
    ours, theirs = chain(left or [], chain.from_iterable(live)), chain(right or [], chain.from_iterable(again))
    yield from _row_by_row(ours, theirs, table)


def _row_by_row(live: Iterator[Values], again: Iterator[Values], table: Table) -> Iterator[tuple[str, Key]]:
    names = table.columns.keys()
    places = [names.index(column.name) for column in table.primary_key]
    left, right = next(live, None), next(again, None)
    while left is not None or right is not None:
        mine = _key(left, places) if left is not None else None
        other = _key(right, places) if right is not None else None
        if other is None or (mine is not None and mine < other):
            yield "en trop", mine or ()
            left = next(live, None)
        elif mine is None or other < mine:
            yield "manque", other
            right = next(again, None)
        else:
            if left != right:
                pairs = zip(names, left or (), right or (), strict=True)
                yield "diffère : " + ", ".join(name for name, a, b in pairs if a != b), mine
            left, right = next(live, None), next(again, None)


def _key(row: Values, places: Sequence[int]) -> Key:
    return tuple(value.hex if isinstance(value := row[place], UUID) else value for place in places)


def _token_differences(
    live: Connection, again: Connection, keyring: Keyring, generation: UUID
) -> Iterator[tuple[str, Key]]:
    """By the numbers of the demands, some hundreds at a time; what is told names a demand and no token."""
    yield from _strays(live)
    searching, after = Searching(keyring, generation), 0
    names = ("seq", "demand_id", "service", "submitted_at", "applicant")
    chosen = select(*(current.c[name] for name in names)).order_by(current.c.seq)
    while rows := again.execute(chosen.where(current.c.seq > after).limit(_CHUNK)).all():
        first, after = after, rows[-1].seq
        wanted = set(searching.rows(row[:] for row in rows))
        found = set(_tokens(live, first, after))
        readable = set(keyring.keys([generation, *(row.demand_id for row in rows)]))
        if generation not in readable:  # a rebuild took its key: what is left of these tokens can find nobody
            return
        open_now = {row.seq for row in rows if row.demand_id in readable}
        for seq in sorted({token[-1] for token in wanted - found} & open_now):
            yield "manque", (seq,)
        for seq in sorted({token[-1] for token in found - wanted} & open_now):
            yield "en trop", (seq,)


def _tokens(connection: Connection, first: int, last: int) -> Iterator[TokenRow]:
    chosen = select(search_tokens).where(search_tokens.c.seq > first, search_tokens.c.seq <= last)
    for service, token, received, seq in connection.execute(chosen):
        yield service, bytes(token), received, seq


def _strays(live: Connection) -> Iterator[tuple[str, Key]]:
    """Tokens of demands that are not in the lists."""
    listed = select(current.c.seq).where(current.c.seq == search_tokens.c.seq).exists()
    chosen = select(search_tokens.c.seq).distinct().where(~listed).order_by(search_tokens.c.seq)
    for seq in live.scalars(chosen.execution_options(yield_per=_PAGE)):
        yield "en trop", (seq,)
