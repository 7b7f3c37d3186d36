"""Some facts in the making: the rows they touch, what they add to the counts, who joins or changes."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.delays import Delays
from domain.status import Status
from projections.days import Days
from projections.rows import FinishedRow, OpenRow
from projections.tables import NEVER
from projections.tallies import Tallies

DaysOf = Callable[[bool], Days]


class Stored:
    """What the batch may need from the tables while it is folded; ``Loader`` reads it."""

    def delays(self) -> dict[str, Delays]:
        """The delays of every procedure."""
        raise NotImplementedError

    def open_of_procedure(self, code: str) -> Iterable[OpenRow]:
        """Every stored open demand of a procedure."""
        raise NotImplementedError

    def agent(self, identity: str) -> dict[str, Any]:
        """The stored agent whose history this is."""
        raise NotImplementedError


class Batch:
    """What some facts change; nothing is written before they are folded.

    A catch-up folds one page into a new batch; a rebuild keeps one batch and writes it from time to time.
    """

    def __init__(self, stored: Stored, days_of: DaysOf, *, alsace_moselle: bool) -> None:
        self._stored, self._days_of = stored, days_of
        self._delays: dict[str, Delays] | None = None
        self.alsace_moselle, self.days = alsace_moselle, days_of(alsace_moselle)
        self.open: dict[str, OpenRow] = {}
        self.finished: dict[str, FinishedRow] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.gone: list[OpenRow] = []
        self.procedures: dict[str, dict[str, Any]] = {}
        self.intervals: list[tuple[Any, ...]] = []
        self.ended: list[tuple[int, str, int]] = []
        self.tallies = Tallies()

    @property
    def delays(self) -> dict[str, Delays]:
        """The delays in force, by procedure; read from the tables only when they are needed."""
        if self._delays is None:
            self._delays = self._stored.delays()
        return self._delays

    def begin_interval(self, row: OpenRow, at: int) -> None:
        """The demand enters a status, or another agent's hands, with the fact ``row.version``."""
        row.interval_version, row.interval_since = row.version, at

    def end_interval(self, row: OpenRow, at: int, status: str, agent: str | None) -> None:
        """The demand leaves the status or the hands it was in."""
        if row.interval_since is None:
            self.ended.append((at, row.demand_id, row.interval_version))
        else:
            self.intervals.append(row.interval(row.interval_since, at, status, agent))

    def set_due(self, row: OpenRow) -> None:
        """The date by which the demand should be taken or closed, as ``domain.delays.due_at`` has it at this fact."""
        delays, due = self.delays.get(row.procedure), NEVER
        if delays is not None:
            if row.status == Status.UNTREATED:
                if delays.take is not None:
                    due = self.days.add(row.submitted_at, delays.take, working=delays.working)
            elif row.status == Status.IN_PROGRESS and row.taken_at is not None and delays.close is not None:
                due = self.days.add(row.taken_at, delays.close, working=delays.working) + row.held_for
        row.due_at = due

    def finish(self, row: OpenRow, at: int, outcome: str | None) -> None:
        """The demand leaves the lists and stands in the journal."""
        del self.open[row.demand_id]
        if row.stored:
            self.gone.append(row)
        self.finished[row.demand_id] = FinishedRow(
            row.seq,
            row.demand_id,
            row.reference,
            row.procedure,
            row.service,
            row.channel,
            row.status,
            outcome,
            row.agent,
            row.submitted_at,
            row.taken_at,
            at,
            None,
            row.version,
            row.milestones,
        )

    def agent(self, identity: str) -> dict[str, Any]:
        """An agent to change."""
        if identity not in self.agents:
            self.agents[identity] = self._stored.agent(identity)
        return self.agents[identity]

    def change_delays(self, procedure: str, delays: Delays) -> None:
        """Other delays apply at once to the open demands of a procedure."""
        if self.delays.get(procedure) != delays:
            self.delays[procedure] = delays
            self._recompute(procedure)

    def change_calendar(self, *, alsace_moselle: bool) -> None:
        """Other holidays apply at once to the procedures that count working days."""
        if alsace_moselle != self.alsace_moselle:
            self.alsace_moselle, self.days = alsace_moselle, self._days_of(alsace_moselle)
            for procedure, delays in self.delays.items():
                if delays.working:
                    self._recompute(procedure)

    def _recompute(self, procedure: str) -> None:
        left = {row.demand_id for row in self.gone}
        for row in self._stored.open_of_procedure(procedure):
            if row.demand_id not in left:
                self.open.setdefault(row.demand_id, row)
        for row in self.open.values():
            if row.procedure == procedure:
                before = row.due_at
                self.set_due(row)
                row.dirty = row.dirty or row.due_at != before
