"""P9, P10: reminders come back at the town's hours, once each, never on hold, right through every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.definition import Definition
from domain.delays import Calendar
from domain.errors import Invalid
from domain.reminders import Reminder, Rhythm, due, imagined, waiting
from domain.timetable import Timetable
from domain.townhall import Settings
from tests.histories import (
    Step,
    close,
    given,
    put_on_hold,
    reassign,
    resume,
    submitted,
    take_in_charge,
)

PARIS = ZoneInfo("Europe/Paris")
EASTER_MONDAY, CHRISTMAS = date(2027, 3, 29), date(2027, 12, 25)
CALENDAR = Calendar(PARIS, {EASTER_MONDAY, CHRISTMAS}.__contains__)
SETTINGS = Settings("Mairie de Bourg")
PROCEDURE = Definition("AEN", "Acte de naissance", "État civil", take_delay_days=15, close_delay_days=30)


def paris(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due_at", "number", "times", "every", "expected"),
    [
        # Tuesday 16 March 09:30: the next morning, then weekly from the due date
        (paris(3, 16, 9, 30), 0, Timetable(), 7, utc(2027, 3, 17, 7)),
        (paris(3, 16, 9, 30), 1, Timetable(), 7, utc(2027, 3, 24, 7)),
        # through the change to summer time, 8:00 stays 8:00 in town
        (paris(3, 16, 9, 30), 2, Timetable(), 7, utc(2027, 3, 31, 6)),
        (paris(10, 26, 7, 0), 1, Timetable(), 7, utc(2027, 11, 2, 7)),
        # exactly at the hour counts
        (paris(3, 16, 8, 0), 0, Timetable(), 7, utc(2027, 3, 16, 7)),
        # a week-end waits for Monday; a public holiday is a day like others
        (paris(3, 20, 10, 0), 0, Timetable(), 7, utc(2027, 3, 22, 7)),
        (paris(3, 27, 10, 0), 0, Timetable(), 7, utc(2027, 3, 29, 6)),
        # 02:00 does not exist on 28 March, and comes twice on 31 October: the end of the gap, the first of the two
        (paris(3, 27, 12, 0), 0, Timetable((7,), 2), 7, utc(2027, 3, 28, 1)),
        (paris(10, 30, 12, 0), 0, Timetable((7,), 2), 7, utc(2027, 10, 31, 0)),
        # 29 February and the end of the year
        (paris(2, 22, 7, 0, 2028), 1, Timetable((1, 2, 3, 4, 5, 6, 7), 8), 7, utc(2028, 2, 29, 7)),
        (paris(12, 31, 9, 0), 0, Timetable(), 7, utc(2028, 1, 3, 7)),
        (paris(12, 31, 9, 0), 1, Timetable((1, 2, 3, 4, 5, 6, 7), 0), 1, utc(2028, 1, 1, 23)),
    ],
)
def test_an_occurrence_is_the_first_chosen_day_and_hour(
    due_at: datetime, number: int, times: Timetable, every: int, expected: datetime
) -> None:
    assert Rhythm(every, times, CALENDAR).occurrence(due_at, number) == expected


def by_hand(due_at: datetime, every: int, weekdays: set[int], hour: int, count: int) -> list[datetime]:
    """Ten years of days, one after the other: which of them carry a reminder (hours that exist once only)."""
    local, found = due_at.astimezone(PARIS), []
    days = [local.date() + timedelta(n) for n in range(count * every + 15)]
    open_days = [day for day in days if int(f"{day:%u}") in weekdays]
    for number in range(count):
        wanted = days[number * every], f"{local:%H:%M:%S}"
        carried = next(day for day in open_days if (day, f"{hour:02}:00:00") >= wanted)
        found.append(datetime(carried.year, carried.month, carried.day, hour, tzinfo=PARIS).astimezone(UTC))
    return found


@pytest.mark.parametrize(
    ("every", "weekdays", "hour"), [(7, (1, 2, 3, 4, 5), 8), (1, (1, 4), 17), (30, (7,), 9), (5, (1, 2, 3, 4, 5), 23)]
)
def test_ten_years_of_reminders_agree_with_a_count_by_hand(every: int, weekdays: tuple[int, ...], hour: int) -> None:
    start, count = paris(1, 1, 10, 20, 2023), 3_653 // every
    pace = Rhythm(every, Timetable(weekdays, hour), CALENDAR)
    expected = by_hand(start, every, set(weekdays), hour, count)
    assert [pace.occurrence(start, number) for number in range(count)] == expected
    for number, occurrence in enumerate(expected[:-1]):
        last = max(at for at in expected[: number + 10] if at <= occurrence)
        assert pace.latest(start, occurrence) == last
        assert pace.latest(start, occurrence - timedelta(microseconds=1)) in (None, *expected[:number])


def at(step: Step, moment: datetime) -> Step:
    return step.at(moment)


RECEIVED = at(submitted, paris(3, 1, 9))
TAKEN = at(take_in_charge, paris(3, 10, 9))
find = partial(due, definition=PROCEDURE, settings=SETTINGS, calendar=CALENDAR)


def reminder(*steps: Step, now: datetime, as_of: datetime | None = None) -> Reminder | None:
    one = waiting(given(*steps).facts, as_of)
    return None if one is None else find(one, now=now)


def test_nothing_leaves_before_the_first_hour_after_the_delay() -> None:
    assert reminder(RECEIVED, now=paris(3, 17, 7, 59)) is None
    found = reminder(RECEIVED, now=paris(3, 17, 8))
    assert found is not None
    assert (found.kind, found.due_at, found.occurrence) == ("untreated", paris(3, 16, 9), paris(3, 17, 8))


def test_a_late_clock_catches_up_once_with_the_latest() -> None:
    found = reminder(RECEIVED, now=paris(4, 9, 12))
    assert found is not None
    assert found.occurrence == paris(4, 7, 8)


def recorded(occurrence: datetime, kind: str = "untreated") -> Step:
    return Step(lambda demand: demand.remind(kind, occurrence, ["camille"]), actor="system:remind").at(paris(4, 7, 8))


def test_what_left_is_not_repeated_and_nothing_older_follows_it() -> None:
    assert reminder(RECEIVED, recorded(paris(4, 7, 8)), now=paris(4, 14, 7)) is None
    assert reminder(RECEIVED, recorded(paris(4, 7, 8)), now=paris(4, 5, 12)) is None
    following = reminder(RECEIVED, recorded(paris(4, 7, 8)), now=paris(4, 14, 8))
    assert following is not None
    assert following.occurrence == paris(4, 14, 8)


def test_a_clock_that_ran_years_ahead_does_not_silence_the_years_between() -> None:
    found = reminder(RECEIVED, recorded(paris(4, 7, 8, year=2036)), now=paris(4, 14, 9))
    assert found is not None
    assert found.occurrence == paris(4, 14, 8)


def test_on_hold_and_finished_are_never_reminded_of() -> None:
    held = (RECEIVED, TAKEN, at(put_on_hold, paris(3, 11, 9)))
    assert reminder(*held, now=paris(12, 1)) is None
    assert reminder(*held, at(resume, paris(3, 12, 9)), at(close, paris(3, 13, 9)), now=paris(12, 1)) is None


def test_time_on_hold_is_not_counted() -> None:
    lived = (RECEIVED, TAKEN, at(put_on_hold, paris(3, 11, 9)), at(resume, paris(3, 21, 9)))
    assert reminder(*lived, now=paris(4, 19, 7)) is None
    found = reminder(*lived, at(reassign, paris(4, 1, 9)), now=paris(4, 20, 8))
    assert found is not None
    assert (found.kind, found.due_at, found.occurrence) == ("in_progress", paris(4, 19, 9), paris(4, 20, 8))
    assert found.owner == "sacha"


def test_as_of_an_instant_later_facts_do_not_count() -> None:
    steps = (RECEIVED, at(take_in_charge, paris(4, 20, 9)))
    found = reminder(*steps, now=paris(4, 10), as_of=paris(4, 10))
    assert found is not None
    assert found.kind == "untreated"
    assert reminder(*steps, now=paris(2, 1), as_of=paris(2, 1)) is None


def test_a_procedure_without_a_delay_reminds_nobody() -> None:
    free = msgspec.structs.replace(PROCEDURE, take_delay_days=None)
    one = waiting(given(RECEIVED).facts)
    assert one is not None
    assert due(one, free, SETTINGS, CALENDAR, paris(12, 1)) is None


def test_a_procedure_has_a_period_of_its_own_or_the_towns() -> None:
    one = waiting(given(RECEIVED).facts)
    assert one is not None
    town = msgspec.structs.replace(SETTINGS, reminder_every_days=10)
    for every, day in ((None, 29), (1, 26), (7, 24)):
        own = msgspec.structs.replace(PROCEDURE, reminder_every_days=every)
        found = due(one, own, town, CALENDAR, paris(3, 26 if day != 29 else 29, 12))
        assert found is not None
        assert found.occurrence == paris(3, day, 8)


def test_a_period_imagined_equals_what_a_clock_of_every_hour_would_have_sent() -> None:
    lived = given(
        RECEIVED,
        at(take_in_charge, paris(4, 20, 9)),
        at(put_on_hold, paris(5, 30, 9)),
        at(resume, paris(6, 30, 9)),
        at(reassign, paris(7, 8, 11)),
        at(close, paris(8, 1, 9)),
    ).facts
    until, hour, sent = paris(9, 1), paris(3, 1), list[tuple[str, datetime]]()
    while hour < until:
        one = waiting(lived, hour)
        if one is not None:
            found = find(msgspec.structs.replace(one, reminded=frozenset(sent)), now=hour)
            if found is not None:
                sent.append((found.kind, found.occurrence))
        hour += timedelta(hours=1)
    told = [(one.kind, one.occurrence) for _, one in imagined(lived, PROCEDURE, SETTINGS, CALENDAR, until)]
    assert told == sent
    assert {kind for kind, _ in sent} == {"untreated", "in_progress"}
    assert len(sent) > 8


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"reminder_times": Timetable(())}, "reminder_times.weekdays"),
        ({"reminder_times": Timetable((0,))}, "reminder_times.weekdays"),
        ({"digest_times": Timetable((1, 1))}, "digest_times.weekdays"),
        ({"digest_times": Timetable(hour=24)}, "digest_times.hour"),
        ({"reminder_every_days": 0}, "reminder_every_days"),
        ({"expiry_warning_days": (0,)}, "expiry_warning_days"),
        ({"mails_per_minute": -1}, "mails_per_minute"),
        ({"soon_late_days": -1}, "soon_late_days"),
        ({"name": " "}, "name"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(changes: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        msgspec.structs.replace(SETTINGS, **changes).check()
    assert list(caught.value.errors) == [path]


def test_settings_of_before_are_read_with_the_usual_hours() -> None:
    old = b'{"name":"Mairie","hotline":{},"soon_late_days":3,"alsace_moselle":false,"archive_after_days":365}'
    assert msgspec.json.decode(old, type=Settings) == Settings("Mairie")
