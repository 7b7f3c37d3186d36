"""What a rebuild copies into PostgreSQL is what a command would have inserted, whatever characters it holds."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from projections.rebuild import Copying
from projections.statements import Driver, statements_of
from store.servers import postgres_engine
from tests.databases import emptied_database

cells = Table(
    "suivi_cells",
    MetaData(),
    Column("number", BigInteger, primary_key=True),
    Column("words", Text),
    Column("box", LargeBinary),
    Column("yes", Boolean),
    prefixes=["TEMPORARY"],
)
WORDS = [
    "",
    "\\",
    "\\N",
    "\\.",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a\0b",
    "L’Œuvre\u00a0!",
    "\x0b\x0c\x7f",
    "Nguyễn 😀",
    "'; DROP",
]
texts = st.one_of(st.none(), st.sampled_from(WORDS), st.text(st.characters(codec="utf-8"), max_size=20))
rows = st.lists(st.tuples(texts, st.none() | st.binary(max_size=20), st.none() | st.booleans()), max_size=30)


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    with emptied_database() as url:
        engine = postgres_engine(url, "public")
        pooled = engine.raw_connection()
        pooled.driver_connection.execute(str(CreateTable(cells).compile(dialect=engine.dialect)))
        yield pooled.driver_connection
        pooled.close()
        engine.dispose()


def _written(driver: Driver, numbered: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    driver.do("TRUNCATE suivi_cells")
    driver.insert(cells, numbered)
    return driver.connection.execute("SELECT * FROM suivi_cells ORDER BY number").fetchall()  # type: ignore[no-any-return]


@pytest.mark.postgres
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_copied_rows_are_those_that_were_inserted(connection: Any, found: list[tuple[Any, ...]]) -> None:
    statements = statements_of(postgresql.dialect())
    numbered = [(number, *row) for number, row in enumerate(found)]
    assert _written(Copying(connection, statements), numbered) == _written(Driver(connection, statements), numbered)


@pytest.mark.postgres
def test_copied_amounts_are_added_to_those_that_stand(connection: Any) -> None:
    amounts = Table("suivi_amounts", MetaData(), Column("key", Text, primary_key=True), Column("n", BigInteger))
    connection.execute("CREATE TEMPORARY TABLE suivi_amounts (key text PRIMARY KEY, n bigint)")
    driver = Copying(connection, statements_of(postgresql.dialect()))
    driver.add(amounts, [("a\tb", 2), ("c", 1)])
    driver.add(amounts, [("a\tb", 3), ("d", -4)])
    found = connection.execute("SELECT key, n FROM suivi_amounts ORDER BY key").fetchall()
    assert found == [("a\tb", 5), ("c", 1), ("d", -4)]
