"""P10: days are right in Europe/Paris, against tables and against an oracle that counts one day after the other."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delays import Calendar, Delays, due_at
from domain.instants import instant, maybe_instant, maybe_micros, micros
from domain.status import Status

PARIS = ZoneInfo("Europe/Paris")
HOLIDAYS = {
    date(2027, 1, 1),
    date(2027, 3, 29),
    date(2027, 5, 1),
    date(2027, 5, 6),
    date(2027, 5, 8),
    date(2027, 5, 17),
    date(2027, 7, 14),
    date(2027, 11, 1),
    date(2027, 11, 11),
    date(2027, 12, 25),
    date(2028, 1, 1),
}
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1970, 2100))  # hypothesis adds it
calendar = Calendar(PARIS, HOLIDAYS.__contains__)


def paris(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0, fold: int = 0
) -> datetime:
    """A local instant, in UTC."""
    return datetime(year, month, day, hour, minute, second, micro, PARIS, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        # the same local time, whatever the clocks do in between
        (paris(2027, 3, 20, 9, 30), 15, datetime(2027, 4, 4, 7, 30, tzinfo=UTC)),
        (paris(2027, 10, 20, 9, 30), 15, datetime(2027, 11, 4, 8, 30, tzinfo=UTC)),
        # 02:30 does not exist on 28 March: the end of the gap
        (paris(2027, 3, 27, 2, 30), 1, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (paris(2027, 3, 26, 2, 0), 2, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (paris(2027, 3, 27, 2, 59, 59, 999_999), 1, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (paris(2027, 3, 27, 1, 59, 59), 1, datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC)),
        (paris(2027, 3, 27, 3, 0), 1, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        # 02:30 comes twice on 31 October: the first
        (paris(2027, 10, 30, 2, 30), 1, datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        (paris(2027, 10, 31, 2, 30, fold=1), 1, datetime(2027, 11, 1, 1, 30, tzinfo=UTC)),
        # leap day and year end
        (paris(2028, 2, 28, 12), 1, paris(2028, 2, 29, 12)),
        (paris(2028, 2, 29, 12), 366, paris(2029, 3, 1, 12)),
        (paris(2027, 12, 31, 23, 59), 1, paris(2028, 1, 1, 23, 59)),
        (datetime(2027, 12, 30, 23, 30, tzinfo=UTC), 1, datetime(2027, 12, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_calendar_days(start: datetime, days: int, end: datetime) -> None:
    assert calendar.add_days(start, days, working=False) == end


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2027, 3, 26), 1, date(2027, 3, 30)),  # a Friday before Easter Monday
        (date(2027, 3, 27), 1, date(2027, 3, 30)),  # received on a Saturday
        (date(2027, 5, 5), 1, date(2027, 5, 7)),  # Ascension is Thursday
        (date(2027, 5, 5), 2, date(2027, 5, 10)),
        (date(2027, 12, 24), 1, date(2027, 12, 27)),  # Christmas is a Saturday
        (date(2027, 12, 31), 1, date(2028, 1, 3)),
        (date(2027, 10, 29), 2, date(2027, 11, 3)),  # through the clock change and All Saints
        (date(2027, 7, 13), 5, date(2027, 7, 21)),
        (date(2027, 7, 17), 0, date(2027, 7, 17)),
    ],
)
def test_working_days_leave_out_week_ends_and_holidays(start: date, days: int, end: date) -> None:
    noon = paris(start.year, start.month, start.day, 12)
    assert calendar.add_days(noon, days, working=True) == paris(end.year, end.month, end.day, 12)


OPEN_DAYS = [
    day
    for day in (
        date.fromordinal(number) for number in range(date(2022, 1, 1).toordinal(), date(2033, 1, 1).toordinal())
    )
    if f"{day:%a}" not in ("Sat", "Sun") and day not in HOLIDAYS
]


def counted(start: date, days: int) -> date:
    """The oracle: the list of all open days, and the place of the last one not after the start."""
    return OPEN_DAYS[bisect_right(OPEN_DAYS, start) + days - 1]


def test_ten_years_of_days_agree_with_an_oracle() -> None:
    start = date(2022, 1, 1)
    for number in range(3_653):
        day = start + timedelta(number)
        at = datetime(day.year, day.month, day.day, 10, tzinfo=PARIS).astimezone(UTC)
        ahead = 1 + number % 60
        working = calendar.add_days(at, ahead, working=True).astimezone(PARIS)
        plain = calendar.add_days(at, ahead, working=False).astimezone(PARIS)
        assert (working.date(), working.hour, working.minute) == (counted(day, ahead), 10, 0), day
        assert (plain.date(), plain.hour) == (date.fromordinal(day.toordinal() + ahead), 10), day


@given(st.datetimes(FIRST, LAST, timezones=st.just(PARIS)), st.integers(0, 400))
def test_the_local_time_is_kept_or_moved_to_the_end_of_a_gap(start: datetime, days: int) -> None:
    at = start.astimezone(UTC)
    local = at.astimezone(PARIS)
    end = calendar.add_days(at, days, working=False).astimezone(PARIS)
    wanted = datetime.combine(local.date() + timedelta(days), local.time())
    assert end.date() == wanted.date()
    assert end.fold == 0
    assert end.replace(tzinfo=None) == wanted or (wanted.hour, end.hour, end.minute, end.second) == (2, 3, 0, 0)


@pytest.mark.parametrize(
    ("day", "instant_"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 27, 23, tzinfo=UTC)),
        (date(2027, 3, 29), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 30, 22, tzinfo=UTC)),
        (date(2027, 11, 1), datetime(2027, 10, 31, 23, tzinfo=UTC)),
        (date(2028, 1, 1), datetime(2027, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_local_midnight(day: date, instant_: datetime) -> None:
    assert calendar.start_of(day) == instant_
    assert calendar.local_day(instant_) == day
    assert calendar.local_day(instant_ - timedelta(microseconds=1)) == day - timedelta(1)


def test_a_zone_whose_clocks_change_at_midnight_begins_its_day_late() -> None:
    beirut = Calendar(ZoneInfo("Asia/Beirut"), lambda _: False)
    assert beirut.start_of(date(2027, 3, 28)) == datetime(2027, 3, 27, 22, tzinfo=UTC)


RECEIVED, TAKEN = paris(2027, 3, 1, 9), paris(2027, 3, 10, 9)


@pytest.mark.parametrize(
    ("status", "taken", "held", "delays", "due"),
    [
        (Status.UNTREATED, None, 0, Delays(15, 60, working=False), paris(2027, 3, 16, 9)),
        (Status.UNTREATED, None, 0, Delays(15, 60, working=True), paris(2027, 3, 22, 9)),
        (Status.UNTREATED, None, 0, Delays(None, 60, working=False), None),
        (Status.IN_PROGRESS, TAKEN, 0, Delays(15, 60, working=False), paris(2027, 5, 9, 9)),
        (Status.IN_PROGRESS, TAKEN, 3600.0, Delays(15, 60, working=False), paris(2027, 5, 9, 10)),
        (Status.IN_PROGRESS, TAKEN, 86_400.0, Delays(15, 2, working=True), paris(2027, 3, 13, 9)),
        (Status.IN_PROGRESS, TAKEN, 0, Delays(15, None, working=False), None),
        (Status.ON_HOLD, TAKEN, 0, Delays(15, 60, working=False), None),
        (Status.CLOSED, TAKEN, 0, Delays(15, 60, working=False), None),
        (Status.DELETED, None, 0, Delays(15, 60, working=False), None),
    ],
)
def test_when_a_demand_is_due(
    status: Status, taken: datetime | None, held: float, delays: Delays, due: datetime | None
) -> None:
    assert due_at(status, RECEIVED, taken, held, delays, calendar) == due


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_stores_keep_an_instant_to_the_microsecond(at: datetime) -> None:
    assert instant(micros(at)) == at
    assert maybe_instant(maybe_micros(at)) == at


def test_no_instant_stays_none() -> None:
    assert maybe_micros(None) is None
    assert maybe_instant(None) is None
