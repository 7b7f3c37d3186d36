"""The recorder: numbers that are never given twice, and all or nothing in one transaction."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import PersistenceError
from sqlalchemy import Engine, text

from domain.ports import LostRace
from domain.references import demand_id
from store.outbox import Outbox
from store.register import Register
from tests.databases import only_sqlite
from tests.histories import MORNING, REFERENCE
from tests.store.stories import FACTS, FIRST, IDENTITY, another, letter


def test_facts_are_numbered_in_the_order_they_were_recorded(register: Register) -> None:
    assert register.head() == 0
    register.append(FACTS[:2])
    register.append(another("ILE-7QK3-M2XD-H5T1"))
    register.append(FACTS[2:])
    notifications = register.notifications(0, 100)
    assert [notification.id for notification in notifications] == [1, 2, 3, 4]
    assert [notification.originator_version for notification in notifications] == [1, 2, 1, 3]
    assert [
        register.fact(notification) for notification in notifications if notification.originator_id == IDENTITY
    ] == FACTS
    assert register.head() == 4


def test_the_recorder_tells_the_numbers_it_gave(register: Register) -> None:
    stored = [register.mapper.to_stored_event(fact) for fact in FACTS]
    letters = [letter(7), letter(8)]
    numbers = register.recorder.insert_events(stored[:2], outbox=letters, intake={b"k": REFERENCE})
    numbers = [*(numbers or ()), *(register.recorder.insert_events(stored[2:]) or ())]
    assert numbers == [1, 2, 3]
    assert numbers == [notification.id for notification in register.notifications(0, 100)]


def test_a_tail_reads_what_came_after_and_no_more_than_a_page(register: Register) -> None:
    register.append(FACTS)
    assert [notification.id for notification in register.notifications(1, 1)] == [2]
    assert [notification.id for notification in register.notifications(2, 100)] == [3]
    assert not register.notifications(3, 100)


def test_a_number_is_never_given_again_even_when_its_fact_is_gone(register: Register, events: Engine) -> None:
    register.append(FACTS)
    with events.begin() as connection:
        connection.execute(text("DELETE FROM stored_events WHERE notification_id = 3"))
    if events.dialect.name == "sqlite":
        with events.connect() as connection:
            connection.execute(text("VACUUM"))
    register.append(FACTS[2:])
    assert [notification.id for notification in register.notifications(2, 100)] == [4]


def test_a_lost_race_uses_no_number_up_for_readers(register: Register) -> None:
    register.append(FIRST)
    with pytest.raises(LostRace):
        register.append(FIRST)
    register.append(FACTS[1:])
    assert [notification.originator_version for notification in register.notifications(1, 100)] == [2, 3]


def test_a_letter_that_cannot_be_written_takes_the_facts_with_it(register: Register, events: Engine) -> None:
    with events.begin() as connection:
        connection.execute(text("DROP TABLE outbox"))
    with pytest.raises(PersistenceError):
        register.append(FIRST, outbox=[letter()])
    assert register.head() == 0


def test_an_intake_key_that_cannot_be_written_takes_facts_and_letters_with_it(
    register: Register, events: Engine
) -> None:
    with events.begin() as connection:
        connection.execute(text("DROP TABLE intake_keys"))
    with pytest.raises(PersistenceError):
        register.append(FIRST, outbox=[letter()], intake={b"k": REFERENCE})
    assert register.head() == 0
    assert Outbox(events).counts() == {}


def test_a_register_works_on_after_a_refusal(register: Register) -> None:
    register.append(FIRST)
    for _ in range(30):
        with pytest.raises(LostRace):
            register.append(FIRST)
    register.append(FACTS[1:])
    assert len(register.facts(IDENTITY)) == 3


def test_two_processes_race_and_one_wins(open_register: Callable[[], Register]) -> None:
    registers, rounds = [open_register(), open_register()], 20
    references = [f"AEN-{number:04}" for number in range(rounds)]
    barrier = Barrier(2)

    def race(register: Register) -> int:
        won = 0
        for reference in references:
            facts = another(reference)
            barrier.wait(20)
            try:
                register.append(facts, intake={reference.encode(): reference})
            except LostRace:
                continue
            won += 1
        return won

    with ThreadPoolExecutor(2) as pool:
        wins = list(pool.map(race, registers))
    assert sum(wins) == rounds
    assert registers[0].head() >= rounds
    assert [len(registers[1].facts(demand_id(reference))) for reference in references] == [1] * rounds


def test_many_writers_skip_nothing_and_repeat_nothing(open_register: Callable[[], Register]) -> None:
    registers = [open_register(), open_register()]

    def write(register: Register, prefix: str) -> None:
        for number in range(25):
            register.append(another(f"{prefix}-{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [*registers, *registers], ["A", "B", "C", "D"]))
    ids = [notification.id for notification in registers[0].notifications(0, 1_000)]
    assert ids == sorted(set(ids))
    assert len(ids) == 100


def test_who_follows_the_numbers_skips_nothing_while_three_write(open_register: Callable[[], Register]) -> None:
    tail, writers, written = open_register(), [open_register() for _ in range(3)], Event()

    def write(number: int, register: Register) -> None:
        for turn in range(60):
            facts = [fact for demand in range(turn % 20 + 1) for fact in another(f"{number}-{turn}-{demand}")]
            register.append(facts, outbox=[letter(number * 100 + turn)] if turn % 2 else ())

    def follow() -> list[int]:
        seen: list[int] = []
        over = False
        while not over:
            over = written.is_set()
            seen += [notification.id for notification in tail.notifications(seen[-1] if seen else 0, 10_000)]
        return seen

    with ThreadPoolExecutor(4) as pool:
        following = pool.submit(follow)
        list(pool.map(write, range(3), writers))
        written.set()
        seen = following.result(60)
    assert seen == [notification.id for notification in tail.notifications(0, 10_000)]
    assert len(seen) == 3 * sum(turn % 20 + 1 for turn in range(60))


def test_one_fact_of_many_readers(register: Register) -> None:
    register.append(FACTS)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(register.facts, repeat(IDENTITY, 64)))
    assert all(facts == FACTS for facts in read)


@pytest.mark.parametrize(
    ("bounds", "versions"),
    [({"desc": True}, [3, 2, 1]), ({"limit": 2}, [1, 2]), ({"desc": True, "limit": 1}, [3]), ({"gt": 2}, [3])],
)
def test_the_recorder_reads_as_the_library_asks(
    register: Register, bounds: dict[str, Any], versions: list[int]
) -> None:
    register.append(FACTS)
    assert [event.originator_version for event in register.recorder.select_events(IDENTITY, **bounds)] == versions
    assert [event.originator_version for event in register.recorder.select_events(str(IDENTITY), **bounds)] == versions


def test_notifications_between_two_numbers(register: Register) -> None:
    register.append(FACTS)
    recorder = register.recorder
    assert [notification.id for notification in recorder.select_notifications(2, 10)] == [2, 3]
    assert [notification.id for notification in recorder.select_notifications(None, 10, stop=2)] == [1, 2]


@only_sqlite
def test_nothing_here_reads_by_topic(register: Register) -> None:
    with pytest.raises(NotImplementedError):
        register.recorder.select_notifications(1, 10, topics=["demand.closed:1"])


def test_a_store_that_lost_its_tables_says_so_in_the_librarys_words(register: Register, events: Engine) -> None:
    with events.begin() as connection:
        connection.execute(text("DROP TABLE stored_events"))
    with pytest.raises(PersistenceError):
        register.facts(IDENTITY)
    with pytest.raises(PersistenceError):
        register.notifications(0, 10)


@only_sqlite
def test_the_stored_row_is_what_the_operator_expects(register: Register, tmp_path: Path) -> None:
    register.append(FIRST, outbox=[letter()], intake={b"k": REFERENCE})
    connection = sqlite3.connect(tmp_path / "events.db")
    rows = connection.execute("SELECT * FROM stored_events").fetchall()
    letters = connection.execute("SELECT mail_id, demand_id, state, attempts, leased_until FROM outbox").fetchall()
    connection.close()
    assert [row[:4] for row in rows] == [(1, IDENTITY.hex, 1, "demand.submitted:1")]
    assert letters == [(UUID(int=7).hex, IDENTITY.hex, "queued", 0, 0)]


def test_a_letter_recorded_by_the_register_is_due_in_the_outbox(register: Register, events: Engine) -> None:
    register.append(FIRST, outbox=[letter()])
    (mail,) = Outbox(events).of_demand(IDENTITY)
    assert (mail.mail_id, mail.kind, mail.letter, mail.queued_at) == (UUID(int=7), "contact", b"box", MORNING)
