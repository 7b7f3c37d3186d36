"""Reminders of demands that wait too long: one fact per demand and occurrence, one letter per agent and run."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final
from uuid import UUID

import msgspec

from domain.definition import Definition
from domain.demand import Demand
from domain.facts import Command, Fact
from domain.handle import DemandHandle
from domain.instants import micros
from domain.recipients import Staff
from domain.reminders import UNTREATED, Reminder, due, imagined, waiting
from domain.status import Status
from store.followers import REMINDERS
from workers.occasions import Occasions, held, in_batches, judged, pages, recorded
from workers.telling import tell_reminders

ACTOR: Final = "system:remind"
RUN: Final = "reminders"
"""The sweep that knows which of the town's hours were kept."""


class Reminded(msgspec.Struct, frozen=True):
    """A reminder and the agents it goes to."""

    reminder: Reminder
    agents: tuple[str, ...]

    @property
    def demand_id(self) -> UUID:
        """The demand it is about."""
        return self.reminder.demand_id


def due_reminders(occasions: Occasions, now: datetime, as_of: datetime | None = None) -> list[Reminded]:
    """What should have left by now and has not; with ``as_of`` only the facts dated up to then count."""
    decide = partial(_decide, occasions, occasions.staff(), now, as_of)
    return sorted(chain.from_iterable(map(decide, _candidates(occasions, now, as_of))), key=_order)


def remind(occasions: Occasions, now: datetime, as_of: datetime | None = None) -> list[Reminded]:
    """Record every reminder that is due and queue the letters that bring them; what was recorded."""
    return sorted(run(occasions, now, as_of), key=_order)


def run(occasions: Occasions, now: datetime, as_of: datetime | None = None) -> Iterator[Reminded]:
    """The same, given out while it is recorded, page by page; the letters are queued at the end.

    By then all that is due was recorded, by this run or by another: whichever is first tells of everything.
    """
    occasions.followers.join(REMINDERS)
    decide = partial(_decide, occasions, occasions.staff(), now, as_of)
    yield from in_batches(_candidates(occasions, now, as_of), decide, partial(_record, occasions, now))
    tell_reminders(occasions, now)


def run_is_due(occasions: Occasions, now: datetime) -> datetime | None:
    """The last of the town's hours for reminders, unless its run was done; one done later than now never was."""
    hour = occasions.settings.reminder_times.last_until(now, occasions.today())
    done = occasions.sweeps.position(RUN)
    return None if micros(hour) <= done <= micros(now) else hour


def what_if(
    occasions: Occasions, since: datetime, until: datetime, definitions: Mapping[str, Definition]
) -> Iterator[tuple[datetime, Reminded]]:
    """The reminders that would have left from an instant to another under other delays, and when each would have."""
    staff, settings, calendar = occasions.staff(), occasions.settings, occasions.today()
    for identity in occasions.overdue.received_before(until):
        facts = occasions.register.facts(identity)
        first = facts[0]
        if not isinstance(first, Demand.Submitted):
            continue
        definition = definitions[first.procedure]
        for at, reminder in imagined(facts, definition, settings, calendar, until):
            if since <= at:
                yield at, Reminded(reminder, _told(staff, definition, reminder))


def _candidates(occasions: Occasions, now: datetime, as_of: datetime | None) -> Iterator[Sequence[UUID]]:
    if as_of is not None:
        return pages(occasions.overdue.as_of(as_of, Status.UNTREATED, Status.IN_PROGRESS))
    return occasions.overdue.reminders(now)


def _decide(
    occasions: Occasions, staff: Staff, now: datetime, as_of: datetime | None, demands: Sequence[UUID]
) -> list[Reminded]:
    settings, calendar, directory = occasions.settings, occasions.today(), occasions.still()

    def judge(facts: Sequence[Fact]) -> Reminded | None:
        one = waiting(facts, as_of)
        if one is None:
            return None
        definition = directory.definition(one.demand.procedure)
        reminder = due(one, definition, settings, calendar, now)
        return Reminded(reminder, _told(staff, definition, reminder)) if reminder is not None else None

    return judged(occasions, demands, judge, _order)


def _record(occasions: Occasions, now: datetime, due_now: list[Reminded]) -> list[Reminded]:
    def hold(told: Reminded, demand: Demand | None) -> DemandHandle | None:
        one = told.reminder
        command = Command(ACTOR, now, f"reminder:{one.kind}:{micros(one.occurrence)}")

        def note(handle: DemandHandle) -> None:
            handle.demand.remind(one.kind, one.occurrence, told.agents)

        return held(occasions, demand, command, note)

    return recorded(occasions, due_now, hold, now)


def _order(told: Reminded) -> tuple[datetime, str]:
    return told.reminder.due_at, told.reminder.reference


def _told(staff: Staff, definition: Definition, reminder: Reminder) -> tuple[str, ...]:
    if reminder.kind == UNTREATED:
        return staff.of_untreated(definition)
    return staff.of_owned(definition, reminder.owner)
