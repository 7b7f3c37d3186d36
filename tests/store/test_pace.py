"""The limit of letters in a minute holds whatever the clocks of the hosts say."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from store.pace import CLOCKS_APART, Pace, create_tables
from store.transactions import writing

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def pace(events: Engine) -> Pace:
    with writing(events) as connection:
        create_tables(connection)
    return Pace(events)


def taken(pace: Pace, *instants: datetime, most: int = 3) -> list[bool]:
    return [pace.take(instant, most) for instant in instants]


def test_so_many_in_a_minute_and_as_many_in_the_next(pace: Pace) -> None:
    assert taken(pace, *[NOON] * 5) == [True, True, True, False, False]
    assert taken(pace, *[NOON + 59 * SECOND, NOON + MINUTE]) == [False, True]


@pytest.mark.parametrize("apart", [SECOND, MINUTE, 5 * MINUTE])
def test_two_hosts_whose_clocks_are_apart_share_one_limit(pace: Pace, apart: timedelta) -> None:
    """One is a little before the full minute, the other past it; they take turns."""
    early, late = NOON - SECOND, NOON - SECOND + apart
    assert sum(taken(pace, *[early, late] * 10)) <= 3 + 1, "one before the other's minute began"
    assert sum(taken(pace, *[late, early] * 10)) == 0
    assert sum(taken(pace, *[late + MINUTE, early + MINUTE] * 10)) == 3


def test_a_clock_that_was_far_ahead_holds_nobody_up(pace: Pace) -> None:
    assert sum(taken(pace, *[NOON + CLOCKS_APART + MINUTE] * 5)) == 3
    assert sum(taken(pace, *[NOON] * 5)) == 3


def test_many_at_once(pace: Pace, open_engine: Callable[[str], Engine]) -> None:
    hosts = [pace, Pace(open_engine("events"))] * 10
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda host: host.take(NOON, 7), hosts)) == 7


def test_no_limit(pace: Pace) -> None:
    assert all(taken(pace, *[NOON] * 5, most=0))
