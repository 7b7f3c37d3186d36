"""Many demands at once: all that a list's criteria find, or those that were ticked, in the rights of who asks."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Engine, bindparam, select

from projections.lists import Lists
from projections.reading import LISTED, Criteria, Row, Scope, list_row
from projections.tables import current, journal

MOST: Final = 100_000
"""Demands that one selection may hold."""
_PAGE: Final = 1_000
_CHUNK: Final = 500
_wanted: Final[BindParameter[str]] = bindparam("wanted", expanding=True)
_open: Final = select(*LISTED).where(current.c.reference.in_(_wanted))
_finished: Final = select(journal.c.reference, journal.c.procedure, journal.c.status).where(
    journal.c.reference.in_(_wanted)
)


class TooMany(Exception):
    """The criteria find more demands than one selection may hold."""


class Finished(msgspec.Struct, frozen=True):
    """A demand that is closed or deleted already."""

    reference: str
    procedure: str
    status: str


class Selecting:
    """Answers which demands are meant."""

    def __init__(self, engine: Engine, lists: Lists) -> None:
        self._engine, self._lists = engine, lists

    def matching(self, criteria: Criteria, scope: Scope, now: datetime) -> Iterator[Row]:
        """Every demand of a list, in its order, page after page; raises TooMany, or BadCursor."""
        seen, cursor = set[UUID](), None
        while True:
            page = self._lists.page(msgspec.structs.replace(criteria, size=_PAGE, cursor=cursor), scope, now)
            fresh = [row for row in page.rows if row.demand_id not in seen]
            seen.update(row.demand_id for row in fresh)
            if len(seen) > MOST:
                raise TooMany
            yield from fresh
            if page.next is None:
                return
            cursor = page.next

    def named(self, references: Sequence[str]) -> dict[str, Row]:
        """The open ones among these, whoever may see them: the caller judges."""
        return {row.reference: row for row in map(list_row, self._rows(_open, references))}

    def finished(self, references: Sequence[str]) -> dict[str, Finished]:
        """The finished ones among these."""
        return {row[0]: Finished(*row) for row in self._rows(_finished, references)}

    def _rows(self, statement: Any, references: Sequence[str]) -> Iterator[Any]:
        with self._engine.connect() as connection:
            for start in range(0, len(references), _CHUNK):
                yield from connection.execute(statement, {"wanted": references[start : start + _CHUNK]})
