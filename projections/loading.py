"""The rows a page of facts touches, read from the tables before the page is folded."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from domain.references import stream_id
from projections.batch import Batch, Stored
from projections.rows import OpenRow, finished_row, open_row
from projections.tables import agents, current, journal

CHUNK: Final = 500
_open: Final = select(current).where(current.c.demand_id.in_(bindparam("ids", expanding=True)))
_finished: Final = select(journal).where(journal.c.demand_id.in_(bindparam("ids", expanding=True)))
_of_procedure: Final = select(current).where(current.c.procedure == bindparam("procedure"))


class Loader(Stored):
    """Reads inside the projector's own transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, identities: Iterable[UUID], batch: Batch) -> None:
        """Put the stored rows of these demands into the page."""
        wanted = list(identities)
        for start in range(0, len(wanted), CHUNK):
            chunk = {"ids": wanted[start : start + CHUNK]}
            for values in self._connection.execute(_open, chunk).mappings():
                batch.open[values["demand_id"]] = open_row(dict(values))
            for values in self._connection.execute(_finished, chunk).mappings():
                batch.finished[values["demand_id"]] = finished_row(dict(values))

    def open_of_procedure(self, code: str) -> Iterable[OpenRow]:
        rows = self._connection.execute(_of_procedure, {"procedure": code}).mappings()
        return [open_row(dict(values)) for values in rows]

    def agent(self, identity: UUID) -> dict[str, Any]:
        for values in self._connection.execute(select(agents)).mappings():
            if stream_id("agent", values["code"]) == identity:
                return dict(values)
        raise LookupError(f"no agent for {identity}")
