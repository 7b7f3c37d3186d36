"""Some facts in the making: the rows they touch, what they add to the counts, who joins or changes."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.status import Status
from projections.days import Days
from projections.paces import Terms, Town, next_reminder
from projections.rows import FinishedRow, OpenRow
from projections.tables import NEVER
from projections.tallies import Tallies

DaysOf = Callable[[bool], Days]


class Stored:
    """What the batch may need from the tables while it is folded; ``Loader`` reads it."""

    def terms(self) -> dict[str, Terms]:
        """The delays and the period of every procedure."""
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

    def __init__(self, stored: Stored, days_of: DaysOf, town: Town) -> None:
        self._stored, self._days_of = stored, days_of
        self._terms: dict[str, Terms] | None = None
        self.town, self.days = town, days_of(town.alsace_moselle)
        self.open: dict[str, OpenRow] = {}
        self.finished: dict[str, FinishedRow] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.gone: list[OpenRow] = []
        self.procedures: dict[str, dict[str, Any]] = {}
        self.intervals: list[tuple[Any, ...]] = []
        self.ended: list[tuple[int, str, int]] = []
        self.tallies = Tallies()

    @property
    def terms(self) -> dict[str, Terms]:
        """The delays and periods in force, by procedure; read from the tables only when they are needed."""
        if self._terms is None:
            self._terms = self._stored.terms()
        return self._terms

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
        terms, due = self.terms.get(row.procedure), NEVER
        if terms is not None:
            delays = terms.delays
            if row.status == Status.UNTREATED:
                if delays.take is not None:
                    due = self.days.add(row.submitted_at, delays.take, working=delays.working)
            elif row.status == Status.IN_PROGRESS and row.taken_at is not None and delays.close is not None:
                due = self.days.add(row.taken_at, delays.close, working=delays.working) + row.held_for
        row.due_at, row.reckoned = due, False

    def reckon(self, row: OpenRow) -> None:
        """When the agents must be reminded next; worked out when the row is written, not at each of its facts."""
        row.remind_at, row.reckoned = NEVER, True
        if row.due_at != NEVER:
            terms = self.terms.get(row.procedure)
            every = (terms.every_days if terms is not None else None) or self.town.every_days
            row.remind_at = next_reminder(self.days, self.town.times, every, row.due_at, row.reminded_at)

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

    def change_terms(self, procedure: str, terms: Terms) -> None:
        """Other delays, or another period, apply at once to the open demands of a procedure."""
        if self.terms.get(procedure) != terms:
            self.terms[procedure] = terms
            self._recompute(procedure)

    def change_town(self, town: Town) -> None:
        """Other holidays apply at once to the procedures that count working days, other hours of reminders to all."""
        before, self.town = self.town, town
        if town == before:
            return
        self.days = self._days_of(town.alsace_moselle)
        only_holidays = (town.every_days, town.times) == (before.every_days, before.times)
        for procedure, terms in self.terms.items():
            if terms.delays.working or not only_holidays:
                self._recompute(procedure)

    def _recompute(self, procedure: str) -> None:
        left = {row.demand_id for row in self.gone}
        for row in self._stored.open_of_procedure(procedure):
            if row.demand_id not in left:
                self.open.setdefault(row.demand_id, row)
        for row in self.open.values():
            if row.procedure == procedure:
                before = row.due_at, row.remind_at
                self.set_due(row)
                self.reckon(row)
                row.dirty = row.dirty or (row.due_at, row.remind_at) != before
