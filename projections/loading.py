"""The rows that some facts touch, read from the tables before the facts are folded."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import select

from domain.delays import Delays
from domain.references import stream_id
from projections.batch import Batch, Stored
from projections.facts import Record
from projections.folding import of_demand
from projections.paces import Terms
from projections.rows import OpenRow, finished_row, open_row
from projections.statements import Driver
from projections.tables import agents, current, journal

CHUNK: Final = 500
_agents: Final = str(select(*agents.columns))
_NAMES: Final = tuple(agents.columns.keys())


class Loader(Stored):
    """Reads inside the projector's own transaction."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def load(self, records: Iterable[Record], batch: Batch) -> None:
        """Put the stored rows of the demands in these facts into the batch; those that begin here have none yet."""
        wanted: dict[str, None] = {}
        begun: set[str] = set()
        for record in records:
            identity = record[1]
            if record[2] == 1:
                begun.add(identity)
            elif (
                identity not in begun
                and identity not in batch.open
                and identity not in batch.finished
                and identity not in wanted
                and of_demand(record)
            ):
                wanted[identity] = None
        everyone = list(wanted)
        for start in range(0, len(everyone), CHUNK):
            self._load(everyone[start : start + CHUNK], batch)

    def _load(self, wanted: Sequence[str], batch: Batch) -> None:
        texts, parameter = self._driver.statements, [self._driver.statements.together(wanted)]
        found = self._driver.all((texts.of_demands(current), parameter), (texts.of_demands(journal), parameter))
        for row in map(open_row, found[0]):
            batch.open[row.demand_id] = row
        for finished in map(finished_row, found[1]):
            batch.finished[finished.demand_id] = finished

    def terms(self) -> dict[str, Terms]:
        (rows,) = self._driver.all((self._driver.statements.terms, ()))
        return {code: Terms(Delays(take, close, bool(working)), every) for code, take, close, working, every in rows}

    def open_of_procedure(self, code: str) -> Iterable[OpenRow]:
        (rows,) = self._driver.all((self._driver.statements.of_procedure, (code,)))
        return map(open_row, rows)

    def agent(self, identity: str) -> dict[str, Any]:
        (rows,) = self._driver.all((_agents, ()))
        for values in rows:
            if stream_id("agent", values[0]).hex == identity:
                return dict(zip(_NAMES, values, strict=True))
        raise LookupError(f"no agent for {identity}")
