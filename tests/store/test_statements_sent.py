"""What goes to the database for one read and one command: nothing more than it takes."""

import sqlite3
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from domain.demand import Demand
from store.engines import FULL
from store.keyring import StoredKeyring
from store.register import Register
from tests.databases import only_postgres, only_sqlite
from tests.histories import MORNING, REFERENCE
from tests.store.stories import FACTS, FIRST, IDENTITY, another, letter


def heard(register: Register) -> list[str]:
    """What the register's one idle connection is told from now on."""
    (connection,) = register.recorder.datastore.pool._idle  # type: ignore[attr-defined]  # the SQLite recorder's
    said: list[str] = []
    connection.set_trace_callback(said.append)
    return said


@only_sqlite
def test_a_read_is_one_select_in_no_transaction(register: Register) -> None:
    register.append(FACTS)
    said = heard(register)
    register.facts(IDENTITY)
    assert [statement.split()[0] for statement in said] == ["SELECT"]


@only_sqlite
def test_many_histories_are_one_select_that_follows_the_key(register: Register, events: Engine) -> None:
    register.append(FACTS)
    said = heard(register)
    register.load_all(Demand, [IDENTITY, UUID(int=1)])
    assert len(said) == 1
    with events.connect() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {said[0]}"))]
    assert plan[0].startswith("SEARCH stored_events USING INDEX")
    assert not any("TEMP B-TREE" in step for step in plan)


@only_sqlite
def test_a_command_is_one_transaction_that_locks_first(register: Register) -> None:
    register.append(FIRST)
    said = heard(register)
    register.append(FACTS[1:], outbox=[letter()], intake={b"k": REFERENCE})
    assert said[0] == "BEGIN IMMEDIATE"
    assert said[-1] == "COMMIT"
    assert {statement.split()[0] for statement in said[1:-1]} == {"INSERT"}


@only_sqlite
def test_connections_of_the_short_way_keep_what_the_promises_rest_on(register: Register) -> None:
    register.append(FIRST)
    (connection,) = register.recorder.datastore.pool._idle  # type: ignore[attr-defined]  # the SQLite recorder's
    found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "secure_delete")}
    assert found == {"synchronous": FULL, "secure_delete": 1}


@only_sqlite
def test_a_closed_register_opens_no_file_again(register: Register) -> None:
    register.append(FIRST)
    (connection,) = register.recorder.datastore.pool._idle  # type: ignore[attr-defined]  # the SQLite recorder's
    register.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@only_postgres
@pytest.mark.parametrize("facts", [1, 17])
def test_many_facts_are_numbered_in_their_order(register: Register, facts: int) -> None:
    recorded = [fact for number in range(facts) for fact in another(f"AEN-{number}")]
    stored = [register.mapper.to_stored_event(fact) for fact in recorded]
    numbers = list(register.recorder.insert_events(stored, intake={b"k": REFERENCE}) or ())
    assert numbers == sorted(numbers)
    found = register.notifications(0, 100)
    assert [(n.id, n.originator_id) for n in found] == list(
        zip(numbers, (s.originator_id for s in stored), strict=True)
    )


@only_postgres
def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(register: Register, server: str) -> None:
    register.append(FIRST)
    with psycopg.connect(server, autocommit=True) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
        while other.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone() != (
            1,
        ):
            pass
    assert ended
    register.append(FACTS[1:])
    assert list(register.facts(IDENTITY)) == FACTS


def test_the_key_of_one_demand_is_read_alone_or_among_others(ring: StoredKeyring) -> None:
    one, other = UUID(int=1), UUID(int=2)
    ring.mint([one, other], "demand", MORNING)
    sealed = ring.keys([one, other])[one].seal("Marie", b"here")
    assert ring.keys([one])[one].open(sealed, b"here") == "Marie"
    ring.destroy([one], MORNING)
    assert ring.keys([one]) == {}
    assert list(ring.keys([one, other])) == [other]


def test_a_keyring_that_lost_its_table_says_so_as_every_other_store(
    ring: StoredKeyring, open_engine: Callable[[str], Engine]
) -> None:
    with open_engine("keys").begin() as connection:
        connection.execute(text("DROP TABLE keys"))
    with pytest.raises(DatabaseError) as caught:
        ring.keys([UUID(int=1)])
    assert UUID(int=1).hex not in str(caught.value)
    with pytest.raises(DatabaseError):
        ring.keys([UUID(int=1)])
