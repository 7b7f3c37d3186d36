"""Which demands wait too long, and which of their reminders should have left by now and have not.

Occurrence k is the first chosen weekday and hour at or after ``due_at`` + k × period; it names the reminder for ever.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from domain.definition import Definition
from domain.delays import Calendar, Delays, due_at
from domain.demand import Demand
from domain.facts import Fact, fold
from domain.status import Status
from domain.timetable import Timetable
from domain.townhall import Settings

UNTREATED: Final = "untreated"
IN_PROGRESS: Final = "in_progress"
KINDS: Final = {Status.UNTREATED: UNTREATED, Status.IN_PROGRESS: IN_PROGRESS}


class Rhythm(msgspec.Struct, frozen=True):
    """How often reminders of one procedure come back, and at which hours."""

    every_days: int
    times: Timetable
    calendar: Calendar

    def occurrence(self, due: datetime, number: int) -> datetime:
        """The instant of one reminder of a demand due at an instant; the first has number 0."""
        return self.times.first_from(
            self.calendar.add_days(due, number * self.every_days, working=False), self.calendar
        )

    def latest(self, due: datetime, now: datetime) -> datetime | None:
        """The last reminder that should have left by now, if one should."""
        days = (self.calendar.local_day(now) - self.calendar.local_day(due)).days
        for number in range(days // self.every_days + 1, -1, -1):
            occurrence = self.occurrence(due, number)
            if occurrence <= now:
                return occurrence
        return None

    def following(self, due: datetime, last: datetime) -> datetime:
        """The first reminder after an instant; several numbers may fall on one."""
        days = (self.calendar.local_day(last) - self.calendar.local_day(due)).days
        number = max(days // self.every_days - 1, 0)
        while (found := self.occurrence(due, number)) <= last:
            number += 1
        return found


class Waiting(msgspec.Struct, frozen=True):
    """A demand as reminders see it at some instant, and the reminders that were ever recorded for it."""

    demand: Demand
    reminded: frozenset[tuple[str, datetime]]

    @property
    def kind(self) -> str | None:
        """What is to be reminded of; None on hold and when finished."""
        return KINDS.get(self.demand.status)

    def due_at(self, definition: Definition, calendar: Calendar) -> datetime | None:
        """When it should have been taken or closed."""
        demand = self.demand
        return due_at(
            demand.status, demand.submitted_at, demand.taken_at, demand.held_seconds, delays_of(definition), calendar
        )


class Reminder(msgspec.Struct, frozen=True):
    """One reminder that should leave: the demand, since when it is late, and the instant that names it."""

    demand_id: UUID
    reference: str
    procedure: str
    kind: str
    owner: str | None
    submitted_at: datetime
    due_at: datetime
    occurrence: datetime


def waiting(facts: Sequence[Fact], as_of: datetime | None = None) -> Waiting | None:
    """A demand as its facts, or those dated up to an instant, have made it; None when it had not come yet.

    What was ever recorded as reminded counts, whatever its date.
    """
    demand: Demand | None = fold(fact for fact in facts if as_of is None or fact.timestamp <= as_of)
    if demand is None:
        return None
    reminded = {(fact.kind, fact.occurrence) for fact in facts if isinstance(fact, Demand.Reminded)}
    return Waiting(demand, frozenset(reminded))


def due(one: Waiting, definition: Definition, settings: Settings, calendar: Calendar, now: datetime) -> Reminder | None:
    """The latest reminder that should have left by now and has not; on hold never counts.

    One that was recorded is never repeated, and none older follows it, unless its date comes from a clock that ran far
    ahead and was set right.
    """
    kind, late_since = one.kind, one.due_at(definition, calendar)
    if kind is None or late_since is None:
        return None
    pace = rhythm(definition, settings, calendar)
    occurrence = pace.latest(late_since, now)
    believed = now + timedelta(pace.every_days)
    done = [at for told, at in one.reminded if told == kind and (at == occurrence or at <= believed)]
    if occurrence is None or any(occurrence <= at for at in done):
        return None
    return _reminder(one.demand, kind, late_since, occurrence)


def last_reminder(facts: Sequence[Fact]) -> Demand.Reminded | None:
    """The reminder that was recorded last for a demand."""
    return next((fact for fact in reversed(facts) if isinstance(fact, Demand.Reminded)), None)


def repeated(one: Waiting, last: Demand.Reminded, definition: Definition, calendar: Calendar) -> Reminder | None:
    """What a recorded reminder still has to tell; None once the demand waits for something else, or for nothing."""
    late_since = one.due_at(definition, calendar)
    if one.kind != last.kind or late_since is None:
        return None
    return _reminder(one.demand, last.kind, late_since, last.occurrence)


def rhythm(definition: Definition, settings: Settings, calendar: Calendar) -> Rhythm:
    """The procedure's own period, else the town's; the days and the hour are the town's."""
    return Rhythm(definition.reminder_every_days or settings.reminder_every_days, settings.reminder_times, calendar)


def delays_of(definition: Definition) -> Delays:
    """The delays in force for a procedure."""
    working = definition.delay_calendar == "working"
    return Delays(definition.take_delay_days, definition.close_delay_days, working)


def imagined(
    facts: Iterable[Fact], definition: Definition, settings: Settings, calendar: Calendar, until: datetime
) -> Iterator[tuple[datetime, Reminder]]:
    """The reminders that would have left up to an instant under these settings, and when each would have.

    A clock that never stops is imagined; what was really recorded does not count.
    """
    sent: set[tuple[str, datetime]] = set()
    pace = rhythm(definition, settings, calendar)
    for demand, since, end in _lives(facts, until):
        kind = KINDS.get(demand.status)
        late_since = Waiting(demand, frozenset()).due_at(definition, calendar)
        if kind is None or late_since is None:
            continue
        run = pace.times.first_from(max(since, late_since), calendar)
        while run < end:
            occurrence = pace.latest(late_since, run)
            if occurrence is not None and not any(told == kind and occurrence <= at for told, at in sent):
                sent.add((kind, occurrence))
                yield run, _reminder(demand, kind, late_since, occurrence)
            run = pace.following(late_since, run)


def _lives(facts: Iterable[Fact], until: datetime) -> Iterator[tuple[Demand, datetime, datetime]]:
    """The demand after each of its facts, from that fact to the next one."""
    ordered = [fact for fact in facts if fact.timestamp < until]
    demand: Demand | None = None
    for fact, following in zip(ordered, [*ordered[1:], None], strict=True):
        demand = fold([fact], demand)
        if demand is not None:
            yield demand, fact.timestamp, following.timestamp if following else until


def _reminder(demand: Demand, kind: str, late_since: datetime, occurrence: datetime) -> Reminder:
    return Reminder(
        demand.id,
        demand.reference,
        demand.procedure,
        kind,
        demand.owner,
        demand.submitted_at,
        late_since,
        occurrence,
    )
