"""Step 2 of the events store on both databases: letters stay, and may be for an agent about no single demand."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine

from domain.ports import Outgoing
from store import followers, outbox_rows
from store.events import create_tables
from store.outbox import Outbox
from store.transactions import creating, writing

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OLD = {
    "sqlite": "mail_id CHAR(32) NOT NULL PRIMARY KEY, demand_id CHAR(32) NOT NULL, letter BLOB",
    "postgresql": "mail_id UUID NOT NULL PRIMARY KEY, demand_id UUID NOT NULL, letter BYTEA",
}
REST = (
    "kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, queued_at BIGINT NOT NULL, "
    "next_at BIGINT NOT NULL, leased_until BIGINT NOT NULL, kept_until BIGINT NOT NULL, finished_at BIGINT, why TEXT, "
    "resent_at BIGINT"
)
ROW = "INSERT INTO outbox VALUES ('{mail}', '{demand}', NULL, 'contact', 'sent', 1, 1, 1, 0, 9, 2, NULL, NULL)"


def old_store(engine: Engine) -> None:
    with creating(engine) as connection:
        create_tables(connection)
        connection.exec_driver_sql("DROP TABLE outbox")
        connection.exec_driver_sql(f"CREATE TABLE outbox ({OLD[engine.dialect.name]}, {REST})")
        connection.exec_driver_sql("CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'queued'")
        connection.exec_driver_sql("CREATE INDEX outbox_kept ON outbox (kept_until) WHERE letter IS NOT NULL")
        connection.exec_driver_sql(ROW.format(mail=UUID(int=1).hex, demand=UUID(int=9).hex))


def test_old_letters_stay_and_new_ones_may_be_for_agents(open_engine: Callable[[str], Engine]) -> None:
    engine = open_engine("events")
    old_store(engine)
    for _ in range(2):
        with creating(engine) as connection:
            outbox_rows.add_agents(connection)
            outbox_rows.add_lookups(connection)
    letters = Outbox(engine)
    letters.add([Outgoing(UUID(int=2), None, "reminder", b"box", NOON, NOON, "camille")] * 2)
    (old,) = letters.of_demand(UUID(int=9))
    assert (old.mail_id.int, old.state, old.agent) == (1, "sent", None)
    (new,) = letters.latest(9, "queued")
    assert (new.mail_id.int, new.demand_id, new.agent) == (2, None, "camille")


def test_a_follower_starts_at_the_head_and_moves_from_where_it_was_seen(events: Engine) -> None:
    for _ in range(2):
        with creating(events) as connection:
            followers.create_tables(connection)
    place = followers.Followers(events)
    seen = place.place(followers.NEWS)
    assert seen.position == 0
    letter = Outgoing(UUID(int=2), None, "reminder", b"box", NOON, NOON, "camille")
    reached = followers.Place(5, NOON)
    assert place.move(followers.NEWS, seen, reached, [letter])
    assert not place.move(followers.NEWS, seen, followers.Place(9, NOON), [letter])
    assert place.place(followers.NEWS) == reached
    assert place.place(followers.DIGEST).position == 0
    with writing(events) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one() == 1
