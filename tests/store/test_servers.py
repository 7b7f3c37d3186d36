"""Connections to PostgreSQL: what every one of them keeps, and what the operator is told."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, Text, bindparam, event, select, text

from store.engines import UnsafeStore
from store.register import Register
from store.servers import connection_parameters, logged_values, postgres_engine
from tests.databases import only_postgres

pytestmark = [pytest.mark.postgres, only_postgres]
SETTINGS = {
    "log_parameter_max_length_on_error": "0",
    "search_path": "suivi_events",
    "synchronous_commit": "on",
    "transaction_isolation": "read committed",
    "lock_timeout": "10s",
    "client_encoding": "UTF8",
}


def shown(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in SETTINGS}


def test_every_connection_of_a_store_keeps_what_was_promised(events: Engine) -> None:
    assert shown(events) == SETTINGS


def test_the_registers_connections_keep_it_as_well(register: Register) -> None:
    with register.recorder.datastore.get_connection() as connection:  # type: ignore[attr-defined]  # PostgreSQL's
        found = {name: connection.execute(f"SHOW {name}").fetchone()[name] for name in SETTINGS}
    assert found == SETTINGS


def test_a_session_that_is_reset_keeps_it(events: Engine) -> None:
    with events.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("RESET ALL")
        assert connection.exec_driver_sql("SHOW log_parameter_max_length_on_error").scalar() == "0"


def test_what_can_be_built_again_may_be_lazy(server: str) -> None:
    engine = postgres_engine(server, "suivi_views_1", lazy=True)
    assert shown(engine) == SETTINGS | {"search_path": "suivi_views_1", "synchronous_commit": "off"}
    engine.dispose()


def test_the_operators_own_options_stay(server: str) -> None:
    parameters = connection_parameters(f"{server}?options=-c%20work_mem%3D8MB&sslmode=prefer", "suivi_events")
    assert str(parameters["options"]).startswith("-c work_mem=8MB -c search_path=suivi_events")
    assert parameters["sslmode"] == "prefer"


def test_an_address_that_cannot_be_read_is_refused_and_not_repeated(server: str) -> None:
    with pytest.raises(UnsafeStore) as caught:
        postgres_engine("postgresql://suivi:s3cret@host/base?nonsense=1", "suivi_events")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_database_in_another_encoding_is_refused(server: str) -> None:
    engine = postgres_engine(f"{server}?client_encoding=latin1", "suivi_events")
    assert shown(engine)["client_encoding"] == "UTF8"
    engine.dispose()


def test_a_character_that_postgres_cannot_keep_finds_nothing_and_breaks_nothing(events: Engine) -> None:
    chosen = select(bindparam("typed", type_=Text))
    with events.connect() as connection:
        assert connection.scalar(chosen, {"typed": "a\0b"}) == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, []),
        ({"log_statement": "ddl"}, []),
        ({"log_statement": "mod"}, ["log_statement=mod"]),
        ({"log_min_duration_statement": "0"}, ["log_min_duration_statement=0"]),
        (
            {"log_statement": "all", "log_transaction_sample_rate": "0.5"},
            ["log_statement=all", "log_transaction_sample_rate=0.5"],
        ),
        ({"log_statement": "all", "log_parameter_max_length": "0"}, []),
    ],
)
def test_a_server_that_would_log_values_is_told(
    open_engine: Callable[[str], Engine], settings: dict[str, str], told: list[str]
) -> None:
    engine = open_engine("events")
    with engine.connect() as connection:
        if connection.scalar(text("SHOW is_superuser")) != "on":
            pytest.skip("only a superuser may change what a server logs")
    event.listen(engine, "connect", partial(_set, settings))
    engine.dispose()
    assert logged_values(engine) == told


def _set(settings: dict[str, str], connection: Any, _: object) -> None:
    for name, value in settings.items():
        connection.execute(f"SET {name} = '{value}'")
    connection.commit()
