"""The figures equal a plain count over the facts."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.demand import Demand
from domain.facts import Fact
from projections.periods import PERIODS, grains, key_of, split
from projections.statistics import Figures, Unanswered
from projections.tallies import bucket_of, middle_of
from tests.installations import Town
from tests.projections.random_lives import play

PARIS = ZoneInfo("Europe/Paris")


def facts(town: Town) -> list[Fact]:
    register = town.installation.register
    found = [register.fact(notification) for notification in register.notifications(0, 100_000)]
    return [fact for fact in found if isinstance(fact, Demand.Event)]


def local_day(fact: Fact) -> date:
    return fact.timestamp.astimezone(PARIS).date()


def nearest_rank(values: list[float], percent: int) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), seed=11, kind=kind)
    play(town, *((40, 500) if kind == "sqlite" else (20, 150)), clocks_ahead=False)
    yield town
    town.close()


def figures(town: Town, by: str | None = None, first: date | None = None, last: date | None = None) -> Figures:
    return town.installation.statistics.figures(first, last, by, town.clock().astimezone(PARIS).date())


def test_totals_equal_a_count_over_the_facts(played: Town) -> None:
    happened, totals = facts(played), figures(played).totals
    kinds = Counter(fact.name for fact in happened)
    assert (totals.received, totals.taken) == (kinds["Submitted"], kinds["TakenInCharge"])
    assert (totals.closed, totals.open) == (kinds["Closed"], kinds["Submitted"] - kinds["Closed"])
    assert totals.closed > 0


def test_delays_to_close_leave_out_the_time_on_hold(played: Town) -> None:
    begun, held, since, delays = {}, Counter(), {}, []
    for fact in facts(played):
        demand, at = fact.originator_id, fact.timestamp.timestamp()
        if isinstance(fact, Demand.Submitted):
            begun[demand] = at
        elif isinstance(fact, Demand.PutOnHold):
            since[demand] = at
        elif isinstance(fact, Demand.Resumed):
            held[demand] += at - since.pop(demand)
        elif isinstance(fact, Demand.Closed):
            delays.append(at - begun[demand] - held[demand])
    measured = figures(played).totals.to_close
    assert measured.count == len(delays)
    assert measured.mean_s == pytest.approx(sum(delays) / len(delays), abs=1e-3)
    assert measured.median_s == pytest.approx(nearest_rank(delays, 50), rel=0.01)
    assert measured.p90_s == pytest.approx(nearest_rank(delays, 90), rel=0.01)


@pytest.mark.parametrize("by", ["procedure", "service", "agent", "channel", *PERIODS])
def test_rows_add_up_to_the_totals(played: Town, by: str) -> None:
    found = figures(played, by)
    for name in ("received", "taken", "closed", "reminders"):
        assert sum(getattr(row, name) for _, row in found.rows) == getattr(found.totals, name)
    backlog = [row.open for _, row in found.rows]
    assert (backlog[-1] if by in PERIODS else sum(backlog)) == found.totals.open
    keys = [key or "" for key, _ in found.rows]
    assert keys == sorted(keys)


def test_the_backlog_by_agent_is_who_has_what(played: Town) -> None:
    owners: Counter[str | None] = Counter()
    for demand in {fact.originator_id for fact in facts(played)}:
        replayed = played.installation.register.load(Demand, demand)
        assert replayed is not None
        owners[replayed.owner] += replayed.closed_at is None
    rows = dict(figures(played, "agent").rows)
    assert {key: row.open for key, row in rows.items() if row.open} == {k: n for k, n in owners.items() if n}


def test_a_range_counts_its_own_days_only(played: Town) -> None:
    days = Counter(local_day(fact) for fact in facts(played) if isinstance(fact, Demand.Submitted))
    first, last = min(days) + timedelta(3), max(days) - timedelta(3)
    expected = sum(number for day, number in days.items() if first <= day <= last)
    assert figures(played, None, first, last).totals.received == expected


def test_closing_and_erasing_change_no_past_figure(town: Town) -> None:
    play(town, demands=12, steps=60, clocks_ahead=False)
    before = figures(town, "day")
    town.clock.move(days=2)
    lea = town.office.directory.agent("lea")
    reference = town.submit()
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "close", "traitee", "fini")
    again = dict(figures(town, "day").rows)
    assert all(again[key] == row for key, row in before.rows)


@given(st.integers(1, 10**16))
def test_a_bucket_stands_for_its_delays_within_one_percent(microseconds: int) -> None:
    assert middle_of(bucket_of(microseconds)) * 1e6 == pytest.approx(microseconds, rel=0.01)


@given(st.dates(date(2009, 1, 1), date(2031, 1, 1)), st.integers(0, 1500))
def test_the_grains_of_a_range_cover_each_day_once(first: date, length: int) -> None:
    last = first + timedelta(length)
    names = list(grains(first, last))
    for day in (first, last, first + timedelta(length // 2)):
        assert sum(day.isoformat().startswith(name) for name in names) == 1
    outside = (first - timedelta(1), last + timedelta(1))
    assert not any(day.isoformat().startswith(name) for name in names for day in outside)


@given(st.dates(date(2009, 1, 1), date(2031, 1, 1)), st.integers(0, 800), st.sampled_from(PERIODS))
def test_periods_split_a_range_without_gap(first: date, length: int, period: str) -> None:
    last = first + timedelta(length)
    parts = list(split(first, last, period))
    assert (parts[0][1], parts[-1][2]) == (first, last)
    assert all(after[1] == before[2] + timedelta(1) for before, after in pairwise(parts))
    assert all(key == key_of(start, period) == key_of(end, period) for key, start, end in parts)


@pytest.mark.parametrize("dimension", ["procedure", "service", "agent", "channel"])
def test_one_key_s_own_figures_are_its_row(played: Town, dimension: str) -> None:
    today = played.clock().astimezone(PARIS).date()
    reader, rows = played.installation.statistics, dict(figures(played, dimension).rows)
    assert rows
    for key, row in rows.items():
        alone = reader.figures(None, None, None, today, (dimension, key or ""))
        assert (alone.totals, alone.rows) == (row, [])
        monthly = reader.figures(None, None, "month", today, (dimension, key or ""))
        assert monthly.totals == row
        assert sum(month.received for _, month in monthly.rows) == row.received
        assert monthly.rows[-1][1].open == row.open


def test_roll_ups_are_not_crossed(played: Town) -> None:
    with pytest.raises(Unanswered, match="crossed"):
        played.installation.statistics.figures(None, None, "agent", date(2027, 3, 1), ("procedure", "AEN"))


@pytest.mark.parametrize("by", [None, "day", "agent"])
def test_a_period_that_ends_before_the_first_fact_is_empty_and_in_order(played: Town, by: str | None) -> None:
    before = figures(played, by, None, date(2000, 1, 1))
    assert before.first == before.last == date(2000, 1, 1)
    assert (before.totals.received, before.totals.open) == (0, 0)


def test_days_in_the_wrong_order_have_no_figures(played: Town) -> None:
    with pytest.raises(Unanswered, match="reversed"):
        figures(played, "day", date(2099, 1, 2), date(2099, 1, 1))


def test_a_share_is_of_those_that_had_a_delay(town: Town) -> None:
    lea = town.agent("lea", "État civil")
    first, late, free = town.submit(), town.submit(), town.submit("AEM")
    without = replace(town.office.directory.definition("AEM"), take_delay_days=None, close_delay_days=None)
    town.office.directory.define_procedure(town.command("system:test"), without)
    town.act(first, lea, "take_in_charge")
    town.clock.move(days=5)
    for reference in (late, free):
        town.act(reference, lea, "take_in_charge")
    for reference in (first, free):
        town.act(reference, lea, "close", "traitee", None)
    totals = figures(town).totals
    assert (totals.taken, totals.with_delay["taken"], totals.in_time["taken"]) == (3, 2, 1)
    assert (totals.closed, totals.with_delay["closed"], totals.in_time["closed"]) == (2, 1, 1)
