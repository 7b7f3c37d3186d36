"""The databases the proofs run on: the four files of SQLite, or one database of PostgreSQL that goes with the proof."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.databases import KINDS, addresses, postgres_database
from tests.faults.closing import FULL

only_sqlite = pytest.mark.parametrize("stores", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("stores", KINDS[1:], indirect=True)
_both = pytest.mark.parametrize("stores", KINDS, indirect=True)
small_on_sqlite = _both if FULL else only_sqlite
"""``make faults`` proves it on both databases, ``make test`` on SQLite."""
small_on_postgres = _both if FULL else only_postgres
"""``make faults`` proves it on both databases, ``make test`` on PostgreSQL."""


@contextmanager
def stores_of(kind: str, template: str | None = None) -> Iterator[dict[str, str]]:
    """The addresses of four empty stores, or of a copy of those at another address; none for SQLite's files."""
    if kind == "sqlite":
        yield {}
        return
    with postgres_database(template) as url:
        yield addresses(url)


def url_of(environment: Mapping[str, str]) -> str | None:
    """The address of the PostgreSQL database, where there is one."""
    return environment.get("SUIVI_EVENTS_URL")
