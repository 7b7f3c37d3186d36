"""A store knows its version: upgraded step by step, and refused when it is not this program's."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from store.schema import Step, WrongVersion, found_version, require_version, upgrade


def creates(name: str) -> Step:
    """A step that makes one table, and fails if it runs twice."""

    def step(connection: Connection) -> None:
        connection.execute(text(f"CREATE TABLE {name} (x integer)"))

    return step


ONE, TWO = {1: creates("one")}, {1: creates("one"), 2: creates("two")}


@pytest.fixture
def engine(open_engine: Callable[[str], Engine]) -> Engine:
    """An empty database."""
    return open_engine("events")


def tables(engine: Engine) -> set[str]:
    """The tables that exist, but for the versions."""
    return set(inspect(engine).get_table_names()) - {"schema_version"}


def test_an_empty_store_has_no_version(engine: Engine) -> None:
    assert found_version(engine, "events") is None
    with pytest.raises(WrongVersion) as caught:
        require_version(engine, "events", 1)
    assert (caught.value.store, caught.value.found, caught.value.wanted) == ("events", None, 1)
    assert str(caught.value) == "store events: version None, this program needs 1"


def test_a_store_is_made_then_upgraded_each_step_once(engine: Engine) -> None:
    upgrade(engine, "events", ONE)
    require_version(engine, "events", 1)
    upgrade(engine, "events", TWO)
    upgrade(engine, "events", TWO)
    require_version(engine, "events", 2)
    assert tables(engine) == {"one", "two"}


def test_an_empty_store_goes_through_every_step_in_order(engine: Engine) -> None:
    ran: list[int] = []
    steps: dict[int, Step] = {number: lambda _, number=number: ran.append(number) for number in (3, 1, 2)}  # type: ignore[misc]
    upgrade(engine, "events", steps)
    assert ran == [1, 2, 3]


def test_a_newer_store_is_refused_and_left_alone(engine: Engine) -> None:
    upgrade(engine, "events", TWO)
    with pytest.raises(WrongVersion) as caught:
        upgrade(engine, "events", ONE)
    assert (caught.value.found, caught.value.wanted) == (2, 1)
    assert found_version(engine, "events") == 2


@pytest.mark.parametrize("wanted", [1, 3])
def test_an_older_or_newer_store_is_not_opened(engine: Engine, wanted: int) -> None:
    upgrade(engine, "events", TWO)
    with pytest.raises(WrongVersion):
        require_version(engine, "events", wanted)


def test_a_step_that_fails_leaves_the_store_as_it_was(engine: Engine) -> None:
    upgrade(engine, "events", ONE)

    def fails(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (x integer)"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        upgrade(engine, "events", {1: creates("one"), 2: creates("two"), 3: fails})
    assert found_version(engine, "events") == 1
    assert tables(engine) == {"one"}


def test_two_stores_may_share_a_database(engine: Engine) -> None:
    upgrade(engine, "events", TWO)
    upgrade(engine, "keys", {1: creates("three")})
    assert (found_version(engine, "events"), found_version(engine, "keys")) == (2, 1)
