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
from domain.notices import Notice
from domain.recipients import Staff
from domain.reminders import UNTREATED, Reminder, due, imagined, waiting
from domain.status import Status
from workers.occasions import Occasions, by_agent, held, in_batches, judged, recorded

ACTOR: Final = "system:remind"
RUN: Final = "reminders"


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
    return _decide(occasions, occasions.staff(), now, as_of, _candidates(occasions, now, as_of))


def remind(occasions: Occasions, now: datetime, as_of: datetime | None = None) -> list[Reminded]:
    """Record every reminder that is due and queue the letters that bring them, together; what was recorded."""
    staff = occasions.staff()
    return in_batches(
        _candidates(occasions, now, as_of),
        partial(_decide, occasions, staff, now, as_of),
        partial(_record, occasions, staff, now),
    )


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


def _candidates(occasions: Occasions, now: datetime, as_of: datetime | None) -> list[UUID]:
    if as_of is not None:
        return occasions.overdue.as_of(as_of, Status.UNTREATED, Status.IN_PROGRESS)
    return list(chain.from_iterable(occasions.overdue.reminders(now)))


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

    return judged(occasions, demands, judge, lambda told: (told.reminder.due_at, told.reminder.reference))


def _record(occasions: Occasions, staff: Staff, now: datetime, due_now: list[Reminded]) -> list[Reminded]:
    def hold(told: Reminded, demand: Demand | None) -> DemandHandle | None:
        one = told.reminder
        command = Command(ACTOR, now, f"reminder:{one.kind}:{micros(one.occurrence)}")

        def note(handle: DemandHandle) -> None:
            handle.demand.remind(one.kind, one.occurrence, told.agents)

        return held(occasions, demand, command, note)

    return recorded(occasions, due_now, hold, partial(_notices, occasions, staff), now)


def _notices(
    occasions: Occasions, staff: Staff, done: Sequence[Reminded]
) -> list[tuple[Notice, list[tuple[str, int]]]]:
    digests = occasions.digests(staff)
    return [
        (digests.reminder(agent, reminders), [(one.reference, micros(one.occurrence)) for one in reminders])
        for agent, reminders in by_agent((told.reminder, told.agents) for told in done).items()
    ]


def _told(staff: Staff, definition: Definition, reminder: Reminder) -> tuple[str, ...]:
    if reminder.kind == UNTREATED:
        return staff.of_untreated(definition)
    return staff.of_owned(definition, reminder.owner)
