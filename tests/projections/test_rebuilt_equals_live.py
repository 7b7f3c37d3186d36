"""P4: what was built fact by fact equals what a replay builds, whatever the size of its pages, and in bulk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from projections import rebuild as building
from projections.projector import Projector
from projections.rebuild import Rebuild
from projections.tables import metadata
from projections.views import create_views
from store.engines import sqlite_engine
from tests.databases import only_sqlite
from tests.installations import Town
from tests.projections.random_lives import play

Contents = dict[str, list[str]]
FEW = {"_MOST_FINISHED": 2, "_MOST_OPEN": 3, "_MOST_TALLIES": 5, "_TOKENS_OF": 2}


def contents(engine: Engine) -> Contents:
    """Every row of every table but counts of nothing; the position counts as well."""
    with engine.connect() as connection:
        found = {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in metadata.tables.items()
        }
    found["open_counts"] = [row for row in found["open_counts"] if not row.endswith(", 0)")]
    return found


@contextmanager
def replayed(town: Town, path: Path, page: int) -> Iterator[Engine]:
    """Fresh read models of the same generation, so that their search tokens are under the same key."""
    installation, engine = town.installation, sqlite_engine(str(path))
    with engine.begin() as connection:
        create_views(connection, installation.projector.position().generation)
    Projector(engine, installation.records, installation.keyring, installation.calendars, page).catch_up()
    yield engine
    engine.dispose()


@contextmanager
def in_bulk(town: Town, path: Path, page: int) -> Iterator[Engine]:
    installation, engine = town.installation, sqlite_engine(str(path))
    work = Rebuild(engine, installation.records, installation.keyring, installation.calendars, page)
    work.run(installation.projector.position().generation, installation.register.head())
    yield engine
    engine.dispose()


def assert_equal(live: Contents, again: Contents, how: str) -> None:
    for name, rows in live.items():
        assert again[name] == rows, f"{name} differs {how}"


@pytest.mark.parametrize(
    ("kind", "seed", "demands", "steps"),
    [
        *(("sqlite", seed, 25, 220) for seed in range(3)),
        pytest.param("postgres", 4, 15, 100, marks=pytest.mark.postgres),
    ],
    indirect=["kind"],
)
def test_p4_read_models_replayed_in_pages_of_any_size_and_in_bulk_equal_the_live_ones(
    tmp_path: Path, kind: str, seed: int, demands: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebuilt on SQLite they equal even those that live on PostgreSQL."""
    town = Town(tmp_path / "town", seed=seed, kind=kind)
    play(town, demands, steps)
    live = contents(town.installation.stores.views)
    assert len(live["journal"]) > 0 < len(live["current_demands"])
    for how in (replayed, in_bulk):
        for page in (1, 7, 1_000):
            with how(town, tmp_path / f"{how.__name__}-{page}.sqlite3", page) as engine:
                assert_equal(live, contents(engine), f"{how.__name__} with pages of {page}")
    for name, value in FEW.items():
        monkeypatch.setattr(building, name, value)
    with in_bulk(town, tmp_path / "little-memory.sqlite3", 7) as engine:
        assert_equal(live, contents(engine), "in bulk with little memory")
    town.close()


@only_sqlite
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), demands=st.integers(1, 9), steps=st.integers(0, 60), page=st.integers(1, 40))
def test_p4_whatever_happened_the_bulk_rebuild_equals_the_live_read_models(
    tmp_path_factory: pytest.TempPathFactory, kind: str, seed: int, demands: int, steps: int, page: int
) -> None:
    directory = tmp_path_factory.mktemp("p4")
    town = Town(directory / "town", seed=seed, kind=kind)
    play(town, demands, steps)
    live = contents(town.installation.stores.views)
    kept = {name: getattr(building, name) for name in FEW}
    try:
        for values in (kept, FEW):
            for name, value in values.items():
                setattr(building, name, value)
            with in_bulk(town, directory / f"again-{values['_MOST_OPEN']}.sqlite3", page) as engine:
                assert_equal(live, contents(engine), f"in bulk with pages of {page}")
    finally:
        for name, value in kept.items():
            setattr(building, name, value)
        town.close()


def test_a_rebuild_may_be_stopped_at_any_page_and_begun_again(town: Town, tmp_path: Path) -> None:
    play(town, demands=6, steps=40)
    live = contents(town.installation.stores.views)
    installation = town.installation
    generation, head = installation.projector.position().generation, installation.register.head()
    for stop in (1, 4, 9):
        engine = sqlite_engine(str(tmp_path / f"stopped-{stop}.sqlite3"))
        work = Rebuild(engine, stopping(installation.records, stop), installation.keyring, installation.calendars, 5)
        with pytest.raises(ZeroDivisionError):
            work.run(generation, head)
        again = Rebuild(engine, installation.records, installation.keyring, installation.calendars, 5)
        again.run(generation, head)
        assert_equal(live, contents(engine), f"after a stop at page {stop}")
        engine.dispose()


def stopping(records: Callable[[int, int], Any], after: int) -> Callable[[int, int], Any]:
    pages = iter(range(after))

    def read(number: int, most: int) -> Any:
        if next(pages, None) is None:
            raise ZeroDivisionError
        return records(number, most)

    return read
