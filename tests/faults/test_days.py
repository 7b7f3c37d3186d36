"""P10: days are right in Europe/Paris over ten years, against a table counted by hand, whatever the clock does."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from domain.instants import instant, micros
from projections.days import Days
from projections.tables import current
from suivi.calendars import calendars
from tests.faults import almanac
from tests.faults.closing import Closing, count
from tests.workers.occasions import TownOfOccasions
from workers.reminding import remind

FIRST, YEARS = 2026, 10
DELAYS = (1, 2, 15, 60)
TIMES = (time(2, 30), time(9, 30), time(0), time(2), time(2, 59, 59, 999_999), time(3), time(23, 59, 59, 999_999))
"""Two of them in ``make test``: one that is skipped and repeated when clocks change, one in office hours."""
PERIOD = timedelta(days=7)
of = calendars(ZoneInfo("Europe/Paris"))


def all_days() -> Iterator[date]:
    first = date(FIRST, 1, 1)
    yield from (first + timedelta(number) for number in range((date(FIRST + YEARS, 1, 1) - first).days))


def awkward() -> list[datetime]:
    """Nights in which clocks change, leap days, ends of years, eves of holidays: when time goes wrong if it does."""
    days = [change.date() for year in range(FIRST, FIRST + YEARS) for change in almanac.summer(year)]
    days += [date(year, 12, 31) for year in range(FIRST, FIRST + YEARS)]
    days += [date(year, 2, 29) for year in range(FIRST, FIRST + YEARS) if year % 4 == 0]
    days += [almanac.easter(year) - timedelta(3) for year in range(FIRST, FIRST + YEARS)]
    return [datetime.combine(day, moment, UTC) for day in days for moment in (time(0, 30), time(1, 0), time(8, 15))]


@pytest.mark.parametrize("stores", ["sqlite"], indirect=True)
def test_due_dates_of_ten_years_equal_a_table_counted_by_hand(closes: Closing) -> None:
    number, holidays, gaps, doubles = 0, 0, 0, 0
    for alsace, moment in product((False, True), TIMES[: count(2, len(TIMES))]):
        calendar = of(alsace)
        days = Days(calendar)
        for day in all_days():
            assert calendar.is_holiday(day) is (day in almanac.holidays(day.year, alsace=alsace)), day
            holidays += calendar.is_holiday(day)
            shown = datetime.combine(day, moment)
            at = almanac.instant(shown)
            gaps += almanac.in_town(at) != shown
            doubles += almanac.in_town(at + almanac.HOUR) == shown
            for ahead, working in product(DELAYS[day.day % 2 :: 2], (False, True)):
                table = almanac.later(at, ahead, working=working, alsace=alsace)
                assert calendar.add_days(at, ahead, working=working) == table, (at, ahead)
                assert instant(days.add(micros(at), ahead, working=working)) == table, (at, ahead)
                number += 1
    assert holidays
    assert gaps
    assert doubles
    closes(f"P10: {number} due dates of {YEARS} years, {holidays} holidays, {gaps} skipped and {doubles} double hours")


@pytest.fixture
def town(tmp_path: Path, stores: str) -> Iterator[TownOfOccasions]:
    town = TownOfOccasions(tmp_path / "var", stores)
    for procedure, days, calendar in (("AEN", 15, "calendar"), ("AED", 15, "working"), ("AEM", 1, "working")):
        town.revise(procedure, take_delay_days=days, delay_calendar=calendar, reminder_every_days=None)
    yield town
    town.close()


def due_dates(town: TownOfOccasions) -> dict[str, datetime]:
    with town.installation.stores.views.connect() as connection:
        return {row.reference: instant(row.due_at) for row in connection.execute(select(current))}


def received(town: TownOfOccasions, moments: list[datetime], random: Random) -> dict[str, tuple[datetime, int, bool]]:
    """Demands: when each came, its delay, and whether working days count."""
    found = {}
    for town.clock.now in moments:
        procedure, days, working = random.choice([("AEN", 15, False), ("AED", 15, True), ("AEM", 1, True)])
        found[town.town.submit(procedure, email=None)] = (town.clock.now, days, working)
    return found


def test_what_is_recorded_is_due_on_the_right_day_and_reminded_of_once_whatever_the_clock_does(
    town: TownOfOccasions, closes: Closing
) -> None:
    random = Random(10)
    moments = sorted(random.sample(awkward(), count(24, 120)))
    demands = received(town, moments, random)
    for alsace in (True, False):
        town.settle(alsace_moselle=alsace)
        table = {
            reference: almanac.later(at, days, working=working, alsace=alsace)
            for reference, (at, days, working) in demands.items()
        }
        assert due_dates(town) == table
    recorded, back = set[tuple[str, datetime]](), 0
    jumps = count(40, 300)
    for _ in range(jumps):
        before, now = town.clock.now, random.choice((around, anywhere))(random, town.clock.now)
        town.clock.now, back = now, back + (now < before)
        expected = set()
        for reference, due in table.items():
            last, done = almanac.last_occurrence(due, now), {at for told, at in recorded if told == reference}
            if last is not None and last not in done and not any(last <= at <= now + PERIOD for at in done):
                expected.add((reference, last))
        sent = [(one.reminder.reference, one.reminder.occurrence) for one in remind(town.occasions, now)]
        assert sorted(sent) == sorted(expected), now
        recorded |= expected
    assert len(recorded) > len(demands)
    clock = f"{jumps} jumps of the clock, {back} of them backward"
    closes(f"P10: {len(demands)} demands due on the right day, {len(recorded)} reminders in {clock}, each once")


def around(random: Random, now: datetime) -> datetime:
    """Some days ahead, or a few hours back."""
    return now + timedelta(hours=random.choice((-30, -3, 1, 24, 170, 400)), microseconds=random.randrange(3))


def anywhere(random: Random, _: datetime) -> datetime:
    """In any of the awkward moments."""
    return random.choice(awkward())
