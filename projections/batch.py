"""One page of facts in the making: the rows they touch, what they add to the counts, who joins or changes."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec

from domain.delays import Calendar, Delays, due_at
from domain.instants import instant, maybe_instant, micros
from domain.status import Status
from projections.rows import FinishedRow, OpenRow
from projections.tables import NEVER
from projections.tallies import Tallies

Calendars = Callable[[bool], Calendar]


class Interval(msgspec.Struct):
    """One demand in one status with one agent; ``until`` is NEVER while it lasts."""

    demand_id: UUID
    version: int
    reference: str
    procedure: str
    service: str
    status: str
    agent: str | None
    since: int
    until: int = NEVER


class Stored:
    """What the page may need from the tables while it is folded; the projector reads it."""

    def open_of_procedure(self, code: str) -> Iterable[OpenRow]:
        """Every stored open demand of a procedure."""
        raise NotImplementedError

    def agent(self, identity: UUID) -> dict[str, Any]:
        """The stored agent whose history this is."""
        raise NotImplementedError


class Batch:
    """What one page of facts changes; nothing is written before the page is folded."""

    def __init__(
        self, stored: Stored, delays: dict[str, Delays], calendars: Calendars, *, alsace_moselle: bool
    ) -> None:
        self._stored, self.delays, self._calendars = stored, delays, calendars
        self.alsace_moselle, self.calendar = alsace_moselle, calendars(alsace_moselle)
        self.open: dict[UUID, OpenRow] = {}
        self.finished: dict[UUID, FinishedRow] = {}
        self.gone: list[OpenRow] = []
        self.intervals: dict[tuple[UUID, int], Interval] = {}
        self.ended: dict[tuple[UUID, int], int] = {}
        self.to_tokenise: list[OpenRow] = []
        self.agents: dict[UUID, dict[str, Any]] = {}
        self.procedures: dict[str, dict[str, Any]] = {}
        self.tallies = Tallies()

    def begin_interval(self, row: OpenRow, at: int) -> None:
        """The demand enters a status, or another agent's hands, with the fact ``row.version``."""
        row.interval_version = row.version
        self.intervals[row.demand_id, row.version] = Interval(
            row.demand_id, row.version, row.reference, row.procedure, row.service, row.status, row.agent, at
        )

    def end_interval(self, row: OpenRow, at: int) -> None:
        """The demand leaves the status or the hands it was in."""
        key = (row.demand_id, row.interval_version)
        if key in self.intervals:
            self.intervals[key].until = at
        else:
            self.ended[key] = at

    def set_due(self, row: OpenRow) -> None:
        """The date by which the demand should be taken or closed, under the delays in force at this fact."""
        delays = self.delays.get(row.procedure)
        due = None
        if delays is not None:
            submitted, taken = instant(row.submitted_at), maybe_instant(row.taken_at)
            due = due_at(Status(row.status), submitted, taken, row.held_for / 1e6, delays, self.calendar)
        row.due_at = NEVER if due is None else micros(due)

    def finish(self, row: OpenRow, at: int, outcome: str | None) -> None:
        """The demand leaves the lists and stands in the journal."""
        del self.open[row.demand_id]
        self.gone.append(row)
        self.finished[row.demand_id] = FinishedRow(
            seq=row.seq,
            demand_id=row.demand_id,
            reference=row.reference,
            procedure=row.procedure,
            service=row.service,
            channel=row.channel,
            status=row.status,
            outcome=outcome,
            agent=row.agent,
            submitted_at=row.submitted_at,
            taken_at=row.taken_at,
            closed_at=at,
            erased_at=None,
            version=row.version,
            milestones=row.milestones,
        )

    def agent(self, identity: UUID) -> dict[str, Any]:
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
            self.alsace_moselle, self.calendar = alsace_moselle, self._calendars(alsace_moselle)
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
