"""Days in microseconds are the calendar's own: both changes of the clock, gaps, double hours, holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.delays import Calendar, Delays, due_at
from domain.instants import instant, maybe_micros, micros
from domain.reminders import Rhythm
from domain.status import Status
from domain.timetable import Timetable
from projections.days import Days
from projections.paces import next_reminder
from suivi.calendars import calendars

ZONES = ("Europe/Paris", "America/Cayenne", "Pacific/Marquesas", "Indian/Reunion", "America/Miquelon", "Asia/Beirut")
INSTANTS = st.datetimes(datetime(1965, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis wants naive bounds
CALENDARS = {zone: calendars(ZoneInfo(zone))(False) for zone in ZONES}
DAYS = {zone: Days(calendar) for zone, calendar in CALENDARS.items()}
TIMETABLES = st.builds(
    Timetable, st.lists(st.integers(1, 7), min_size=1, unique=True).map(tuple), st.sampled_from([*range(24), 2, 2, 2])
)


@given(st.sampled_from(ZONES), INSTANTS)
def test_the_local_day_is_the_calendars(zone: str, moment: datetime) -> None:
    assert DAYS[zone].name(micros(moment)) == CALENDARS[zone].local_day(moment).isoformat()


@given(st.sampled_from(ZONES), INSTANTS, st.integers(0, 400), st.booleans())
@example("Europe/Paris", datetime(2027, 3, 26, 1, 30, 7, 9, UTC), 2, False)
@example("Europe/Paris", datetime(2027, 10, 30, 0, 30, 0, 1, UTC), 1, False)
@example("Europe/Paris", datetime(2027, 10, 31, 0, 30, tzinfo=UTC), 0, True)
@example("Asia/Beirut", datetime(2026, 3, 27, 22, 15, tzinfo=UTC), 1, False)
def test_some_days_later_is_the_calendars_instant(zone: str, moment: datetime, days: int, working: bool) -> None:
    expected = CALENDARS[zone].add_days(moment, days, working=working)
    assert DAYS[zone].add(micros(moment), days, working=working) == micros(expected)


@given(st.sampled_from(ZONES), INSTANTS, TIMETABLES)
@example("Europe/Paris", datetime(2027, 3, 27, 12, tzinfo=UTC), Timetable((7,), 2))
@example("Europe/Paris", datetime(2027, 10, 31, 0, 30, tzinfo=UTC), Timetable((7,), 2))
def test_the_first_hour_of_a_timetable_is_the_domains(zone: str, moment: datetime, times: Timetable) -> None:
    assert DAYS[zone].first_from(micros(moment), times) == micros(times.first_from(moment, CALENDARS[zone]))


@given(st.sampled_from(ZONES), INSTANTS, st.integers(1, 40), TIMETABLES, st.none() | st.integers(-30, 300))
def test_the_next_reminder_is_the_domains(
    zone: str, due: datetime, every: int, times: Timetable, later: int | None
) -> None:
    rhythm = Rhythm(every, times, CALENDARS[zone])
    last = None if later is None else times.first_from(due + timedelta(later), CALENDARS[zone])
    found = next_reminder(DAYS[zone], times, every, micros(due), maybe_micros(last))
    assert instant(found) == (rhythm.occurrence(due, 0) if last is None else rhythm.following(due, last))
    occurrences = (rhythm.occurrence(due, number) for number in range(400))
    assert instant(found) == next(at for at in occurrences if last is None or at > last)


@pytest.mark.parametrize("status", [Status.UNTREATED, Status.IN_PROGRESS, Status.ON_HOLD])
@given(INSTANTS, st.integers(0, 10**13))
def test_due_dates_are_the_domains(status: Status, moment: datetime, held: int) -> None:
    calendar, delays = CALENDARS["Europe/Paris"], Delays(15, 60, working=True)
    expected = due_at(status, moment, moment, held / 1e6, delays, calendar)
    days = {Status.UNTREATED: (15, 0), Status.IN_PROGRESS: (60, held)}.get(status)
    if days is None:
        assert expected is None
    else:
        assert instant(DAYS["Europe/Paris"].add(micros(moment), days[0], working=True) + days[1]) == expected


def test_a_holiday_of_alsace_is_not_a_working_day_there() -> None:
    of = calendars(ZoneInfo("Europe/Paris"))
    good_friday_eve = micros(datetime(2027, 3, 25, 9, tzinfo=UTC))
    assert [instant(Days(of(alsace)).add(good_friday_eve, 1, working=True)).day for alsace in (False, True)] == [26, 30]
    assert isinstance(of(True), Calendar)
    assert date(2027, 3, 26).weekday() == 4
