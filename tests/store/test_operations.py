"""Work on many demands: a group at a time, by one worker at a time, and nothing of its texts stays at its end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from store.operation_rows import operation_demands, operations
from store.operations import Operation, Operations, Result, create_tables
from store.transactions import creating

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.fixture
def accounts(open_engine: Callable[[str], Engine]) -> Engine:
    """The tables of operations."""
    engine = open_engine("accounts")
    with creating(engine) as connection:
        create_tables(connection)
    return engine


@pytest.fixture
def kept(accounts: Engine) -> Operations:
    """Nothing asked yet."""
    return Operations(accounts)


def asked(identity: UUID = FIRST, total: int = 5, at: datetime = NOON, agent: str = "zoe") -> Operation:
    return Operation(identity, agent, "close", total, at, "/demandes/en-cours", b"box")


def add(kept: Operations, identity: UUID = FIRST, total: int = 5, **fields: object) -> None:
    assert kept.add(asked(identity, total, **fields), [f"REF-{n}" for n in range(total)])  # type: ignore[arg-type]


def claimed(kept: Operations, now: datetime = NOON) -> Operation:
    held = kept.claim(now, MINUTE)
    assert held is not None
    return held


def results(group: list[tuple[int, str]], failing: int = 0) -> list[Result]:
    return [
        Result(number, reference, "status", "CLOTUREE") if place < failing else Result(number, reference, "done")
        for place, (number, reference) in enumerate(group)
    ]


def test_what_was_asked_is_found_again_and_a_double_click_changes_nothing(kept: Operations) -> None:
    add(kept)
    assert not kept.add(asked(total=9), ["OTHER"])
    found = kept.find(FIRST)
    assert found is not None
    assert (found.agent, found.action, found.total, found.handled, found.ended_at, found.details) == (
        *("zoe", "close", 5, 0, None),
        b"box",
    )
    assert found.back == "/demandes/en-cours"
    assert kept.find(SECOND) is None


def test_groups_follow_each_other_until_the_end_and_the_texts_go_with_it(kept: Operations, accounts: Engine) -> None:
    add(kept)
    held = claimed(kept)
    group = kept.group(held, 3)
    assert group == [(0, "REF-0"), (1, "REF-1"), (2, "REF-2")]
    after = kept.record(held, results(group, failing=1), NOON)
    assert after is not None
    assert (after.handled, after.failed, after.done, after.ended_at, after.details) == (3, 1, 2, None, b"box")
    held = claimed(kept)
    group = kept.group(held, 3)
    assert group == [(3, "REF-3"), (4, "REF-4")]
    after = kept.record(held, results(group), NOON + MINUTE)
    assert after is not None
    assert (after.handled, after.done, after.ended_at, after.details) == (5, 4, NOON + MINUTE, None)
    with accounts.connect() as connection:
        assert connection.scalar(select(operations.c.details)) is None
    assert kept.claim(NOON + 5 * MINUTE, MINUTE) is None


def test_results_are_read_by_their_order_and_counted_by_their_reasons(kept: Operations) -> None:
    add(kept)
    held = claimed(kept)
    kept.record(held, results(kept.group(held, 4), failing=2), NOON)
    assert kept.tally(FIRST) == {("done", None): 2, ("status", "CLOTUREE"): 2}
    assert [one.number for one in kept.results(FIRST, 10)] == [0, 1]
    assert [one.reference for one in kept.results(FIRST, 10, after=0)] == ["REF-1"]
    assert [one.reference for one in kept.results(FIRST, 1, done=True)] == ["REF-2"]


def test_one_worker_at_a_time_and_a_dead_one_loses_its_lease(kept: Operations) -> None:
    add(kept)
    dead = claimed(kept)
    assert kept.claim(NOON + MINUTE / 2, MINUTE) is None
    living = claimed(kept, NOON + MINUTE)
    group = kept.group(living, 2)
    assert kept.record(dead, results(group), NOON + MINUTE) is None
    assert kept.tally(FIRST) == {}
    assert kept.record(living, results(group), NOON + MINUTE) is not None


def test_a_lease_taken_before_the_clock_stepped_back_is_over(kept: Operations) -> None:
    add(kept)
    claimed(kept, NOON + timedelta(days=1))
    assert kept.claim(NOON, MINUTE) is not None


def test_many_workers_and_one_claim(kept: Operations, open_engine: Callable[[str], Engine]) -> None:
    add(kept)
    workers = [kept, Operations(open_engine("accounts"))] * 8
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda worker: worker.claim(NOON, MINUTE), workers))
    assert sum(claim is not None for claim in claims) == 1


def test_small_operations_do_not_wait_for_a_large_one(kept: Operations) -> None:
    add(kept, FIRST, 100)
    add(kept, SECOND, 2, at=NOON + MINUTE)
    held = claimed(kept)
    kept.record(held, results(kept.group(held, 10)), NOON + MINUTE)
    assert claimed(kept, NOON + MINUTE).id == SECOND


def test_a_store_out_of_order_lets_it_wait(kept: Operations) -> None:
    add(kept)
    kept.give_back(claimed(kept), NOON + 2 * MINUTE)
    assert kept.claim(NOON + MINUTE, MINUTE) is None
    assert claimed(kept, NOON + 2 * MINUTE).handled == 0


def test_what_is_given_up_says_so_for_each_demand_left(kept: Operations) -> None:
    add(kept)
    held = claimed(kept)
    kept.record(held, results(kept.group(held, 2)), NOON)
    kept.abandon(claimed(kept), NOON)
    ended = kept.find(FIRST)
    assert ended is not None
    assert (ended.handled, ended.failed, ended.ended_at, ended.details) == (5, 3, NOON, None)
    assert kept.tally(FIRST) == {("done", None): 2, ("abandoned", None): 3}


def test_an_agent_finds_his_last_operations_the_newest_first(kept: Operations) -> None:
    add(kept, FIRST)
    add(kept, SECOND, at=NOON + MINUTE)
    add(kept, UUID(int=3), agent="luc")
    assert [one.id for one in kept.latest("zoe", 20)] == [SECOND, FIRST]
    assert [one.id for one in kept.latest("zoe", 1)] == [SECOND]


def test_old_operations_are_forgotten_with_their_demands(kept: Operations, accounts: Engine) -> None:
    add(kept, FIRST)
    add(kept, SECOND)
    held = claimed(kept)
    kept.record(held, results(kept.group(held, 5)), NOON)
    assert kept.unfinished_among([FIRST, SECOND]) == {FIRST, SECOND} - {held.id}
    assert kept.purge(NOON) == 0
    assert kept.purge(NOON + MINUTE) == 1
    assert kept.present([FIRST, SECOND]) == {FIRST, SECOND} - {held.id}
    with accounts.connect() as connection:
        assert len(connection.execute(select(operation_demands)).all()) == 5
