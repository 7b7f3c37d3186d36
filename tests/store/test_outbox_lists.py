"""Administrators look through the letters page by page; no page reads more than its length for each state and kind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Engine, Select, text
from sqlalchemy.dialects import sqlite

from domain.instants import micros
from domain.ports import Outgoing
from store import outbox_rows
from store.outbox import Mail, Outbox, Wanted
from store.outbox_lists import KINDS, STATES, newest, up_to
from store.transactions import creating

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DEMANDS = [UUID(int=n) for n in (7, 8)]


@pytest.fixture
def letters(events: Engine) -> Outbox:
    """Sixty letters of every kind and state, some of them queued at the same instant."""
    box, random, numbers = Outbox(events), Random(4), count(1)
    for kind in (KINDS * 5)[:60]:
        mail_id, at = UUID(int=random.getrandbits(128)), NOON + timedelta(seconds=next(numbers) // 3)
        box.add([Outgoing(mail_id, random.choice([*DEMANDS, None]), kind, b"box", at, at)])
        if (state := random.choice(STATES)) != "queued":
            box.finish(mail_id, state, at, keep=state == "failed")
    return box


def pages(box: Outbox, wanted: Wanted, most: int) -> Iterator[list[Mail]]:
    while page := box.latest(most, wanted=wanted):
        yield page
        last = page[-1]
        wanted = Wanted(wanted.state, wanted.kind, wanted.demand_id, (micros(last.queued_at), last.mail_id))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(state="failed"),
        Wanted(kind="reminder"),
        Wanted("sent", "contact"),
        Wanted(demand_id=DEMANDS[0]),
        Wanted("queued", None, DEMANDS[1]),
        Wanted(None, "closure", DEMANDS[1]),
    ],
)
@pytest.mark.parametrize("most", [7, 100])
def test_pages_follow_one_another_the_newest_first_and_miss_nothing(letters: Outbox, wanted: Wanted, most: int) -> None:
    found = [mail for page in pages(letters, wanted, most) for mail in page]
    expected = [
        mail
        for mail in letters.latest(1_000)
        if wanted.state in (None, mail.state)
        and wanted.kind in (None, mail.kind)
        and wanted.demand_id in (None, mail.demand_id)
    ]
    assert found == expected
    assert found == sorted(found, key=lambda mail: (mail.queued_at, mail.mail_id.hex), reverse=True)
    assert len({mail.mail_id for mail in found}) == len(found) > 0


def test_all_letters_are_listed(letters: Outbox) -> None:
    assert len(letters.latest(1_000)) == sum(letters.counts().values()) == 60


def test_what_is_counted_is_counted_no_further_than_asked(letters: Outbox) -> None:
    assert letters.counts(1_000) == letters.counts()
    assert letters.counts(3) == dict.fromkeys(STATES, 3)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wanted", [Wanted(), Wanted("sent"), Wanted(demand_id=DEMANDS[0]), Wanted(after=(1, DEMANDS[0]))]
)
def test_no_page_scans_the_letters_or_sorts_more_than_a_page(events: Engine, letters: Outbox, wanted: Wanted) -> None:
    plan = explained(events, newest(wanted, 50)) + explained(events, up_to(50))
    assert plan
    assert not [line for line in plan if line.startswith("SCAN outbox")]


def explained(engine: Engine, statement: Select[object]) -> list[str]:
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        return [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}".replace(":", "\\:")))]


def test_an_older_table_gets_what_pages_need(events: Engine) -> None:
    with creating(events) as connection:
        for index in outbox_rows.LOOKUPS:
            index.drop(connection)
        connection.exec_driver_sql("ALTER TABLE outbox DROP COLUMN resent_by")
    for _ in range(2):
        with creating(events) as connection:
            outbox_rows.add_lookups(connection)
    box = Outbox(events)
    box.add([Outgoing(UUID(int=1), None, "reminder", b"box", NOON, NOON, "camille")])
    box.finish(UUID(int=1), "failed", NOON, "rejected", keep=True)
    assert box.resend(UUID(int=1), NOON, "ada")
    found = box.find(UUID(int=1))
    assert found is not None
    assert (found.state, found.resent_by, found.resent_at) == ("queued", "ada", NOON)
