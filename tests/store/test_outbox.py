"""The outbox: a letter is claimed by one worker at a time, and a dead worker's claim lapses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert

from domain.ports import Outgoing
from store.outbox import NEW_COLUMNS, Mail, Outbox, new_row, outbox
from store.transactions import writing

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEMAND = UUID(int=99)


@pytest.fixture
def letters(events: Engine) -> Outbox:
    """Three letters, a minute apart."""
    with writing(events) as connection:
        for number in (3, 1, 2):
            letter = Outgoing(UUID(int=number), DEMAND, "contact", b"box", at := NOON + number * MINUTE, at)
            connection.execute(insert(outbox).values(dict(zip(NEW_COLUMNS, new_row(letter), strict=True))))
    return Outbox(events)


def numbers(found: list[UUID]) -> list[int]:
    """The letters by their small numbers."""
    return [mail.int for mail in found]


LATER = NOON + 10 * MINUTE


def claimed(letters: Outbox, now: datetime, lease: timedelta) -> Mail:
    """The first letter, in somebody's hands."""
    mail = letters.claim(UUID(int=1), now, lease)
    assert mail is not None
    return mail


def test_letters_are_due_the_longest_waiting_first(letters: Outbox) -> None:
    assert numbers(letters.due(LATER, 10)) == [1, 2, 3]
    assert numbers(letters.due(LATER, 2)) == [1, 2]
    assert numbers(letters.due(NOON + 2 * MINUTE, 10)) == [1, 2]
    assert letters.due(NOON, 10) == []


def test_a_claim_gives_the_letter_and_counts_the_attempt(letters: Outbox) -> None:
    mail = letters.claim(UUID(int=1), LATER, MINUTE)
    assert mail is not None
    assert (mail.mail_id.int, mail.demand_id, mail.kind, mail.letter, mail.state, mail.attempts) == (
        1,
        DEMAND,
        "contact",
        b"box",
        "queued",
        1,
    )
    assert (mail.queued_at, mail.next_at, mail.finished_at, mail.why) == (NOON + MINUTE, NOON + MINUTE, None, None)


def test_a_claimed_letter_is_nobody_elses_until_the_lease_ends(letters: Outbox) -> None:
    assert letters.claim(UUID(int=1), LATER, 2 * MINUTE)
    assert letters.claim(UUID(int=1), LATER + MINUTE, MINUTE) is None
    assert numbers(letters.due(LATER + MINUTE, 10)) == [2, 3]
    assert numbers(letters.due(LATER + 2 * MINUTE, 10)) == [1, 2, 3]
    again = letters.claim(UUID(int=1), LATER + 2 * MINUTE, MINUTE)
    assert again is not None
    assert again.attempts == 2


def test_many_workers_and_one_claim(letters: Outbox, open_engine: Callable[[str], Engine]) -> None:
    workers = [letters, Outbox(open_engine("events"))] * 8
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda worker: worker.claim(UUID(int=2), LATER, MINUTE), workers))
    assert sum(claim is not None for claim in claims) == 1


@pytest.mark.parametrize("mail_id", [UUID(int=4), UUID(int=3)])
def test_no_claim_on_what_is_not_there_or_not_yet_due(letters: Outbox, mail_id: UUID) -> None:
    assert letters.claim(mail_id, NOON + 2 * MINUTE, MINUTE) is None


def test_a_postponed_letter_waits_whoever_wakes_up(letters: Outbox) -> None:
    letters.postpone(claimed(letters, LATER, 5 * MINUTE), LATER + 3 * MINUTE, "unreachable")
    assert letters.claim(UUID(int=1), LATER + 2 * MINUTE, MINUTE) is None
    assert numbers(letters.due(LATER + 2 * MINUTE, 10)) == [2, 3]
    mail = letters.claim(UUID(int=1), LATER + 3 * MINUTE, MINUTE)
    assert mail is not None
    assert (mail.why, mail.attempts) == ("unreachable", 2)


@pytest.mark.parametrize("step", ["postpone", "give back", "fail", "fail and keep"])
@pytest.mark.parametrize("taken_by_another", [False, True])
def test_a_worker_past_its_lease_changes_nothing_of_another_ones(
    letters: Outbox, step: str, taken_by_another: bool
) -> None:
    late = claimed(letters, LATER, MINUTE)
    other = claimed(letters, LATER + MINUTE, MINUTE) if taken_by_another else late
    assert (letters.holds(late), letters.holds(other)) == (not taken_by_another, True)
    before, at = letters.find(UUID(int=1)), LATER + 1.5 * MINUTE
    if step == "postpone":
        letters.postpone(late, at, "timeout")
    elif step == "give back":
        letters.give_back(late)
    else:
        letters.finish(UUID(int=1), "failed", at, "rejected", keep=step == "fail and keep", claimed=late)
    assert (letters.find(UUID(int=1)) == before) is taken_by_another
    assert letters.holds(other) is taken_by_another
    letters.finish(UUID(int=1), "sent", at)
    assert not letters.holds(other)


def test_a_letter_that_left_is_sent_whoever_has_it_now(letters: Outbox) -> None:
    claimed(letters, LATER, MINUTE)
    other = claimed(letters, LATER + MINUTE, MINUTE)
    letters.finish(UUID(int=1), "sent", LATER + MINUTE)
    letters.finish(UUID(int=1), "failed", LATER + 2 * MINUTE, "rejected", claimed=other)
    letters.postpone(other, LATER + 2 * MINUTE, "timeout")
    assert [mail.state for mail in letters.latest(9, "sent")] == ["sent"]


@pytest.mark.parametrize(("state", "why"), [("sent", None), ("failed", "rejected")])
def test_a_finished_letter_loses_its_text_and_is_finished_once(letters: Outbox, state: str, why: str | None) -> None:
    held = claimed(letters, LATER, MINUTE)
    letters.finish(UUID(int=1), state, LATER, why)
    letters.finish(UUID(int=1), "sent", LATER + MINUTE)
    letters.postpone(held, LATER + MINUTE, "late")
    mail = next(mail for mail in letters.of_demand(DEMAND) if mail.mail_id.int == 1)
    assert (mail.state, mail.why, mail.letter, mail.finished_at) == (state, why, None, LATER)
    assert letters.claim(UUID(int=1), LATER + 5 * MINUTE, MINUTE) is None
    assert numbers(letters.due(LATER + 5 * MINUTE, 10)) == [2, 3]
    assert letters.finished_among([UUID(int=1), UUID(int=2)]) == [UUID(int=1)]


def test_a_failed_letter_kept_for_a_while_can_be_sent_again(letters: Outbox) -> None:
    letters.finish(UUID(int=1), "failed", LATER, "rejected", keep=True)
    assert letters.finished_among([UUID(int=1)]) == []
    assert letters.resend(UUID(int=1), LATER + MINUTE)
    assert not letters.resend(UUID(int=1), LATER + MINUTE)
    mail = letters.claim(UUID(int=1), LATER + MINUTE, MINUTE)
    assert mail is not None
    assert (mail.letter, mail.attempts, mail.why, mail.finished_at) == (b"box", 1, None, None)


def test_a_letter_whose_text_is_gone_cannot_be_sent_again(letters: Outbox) -> None:
    letters.finish(UUID(int=1), "failed", LATER, "rejected", keep=True)
    letters.forget(UUID(int=1))
    letters.forget(UUID(int=2))
    assert not letters.resend(UUID(int=1), LATER)
    assert not letters.resend(UUID(int=4), LATER)
    assert letters.finished_among([UUID(int=1), UUID(int=2)]) == [UUID(int=1)]


def test_texts_kept_too_long_are_found_the_oldest_first(letters: Outbox) -> None:
    letters.finish(UUID(int=2), "sent", LATER)
    assert [mail.mail_id.int for mail in letters.overdue(LATER, 10)] == [1, 3]
    assert [mail.mail_id.int for mail in letters.overdue(LATER, 1)] == [1]
    assert letters.overdue(NOON, 10) == []


def test_what_the_administrators_see(letters: Outbox) -> None:
    letters.finish(UUID(int=3), "failed", LATER, "rejected")
    assert letters.counts() == {"queued": 2, "failed": 1}
    assert [mail.mail_id.int for mail in letters.latest(2)] == [3, 2]
    assert [mail.mail_id.int for mail in letters.latest(9, "queued")] == [2, 1]
    assert [mail.mail_id.int for mail in letters.of_demand(DEMAND)] == [1, 2, 3]
    assert letters.of_demand(UUID(int=5)) == []
    assert sorted(letters.present([UUID(int=1), UUID(int=9)])) == [UUID(int=1)]
    assert letters.present([]) == []
