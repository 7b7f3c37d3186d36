"""P4: what was built fact by fact equals what a replay builds, whatever the size of its pages, and in bulk."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from projections import rebuild as building
from projections.projector import Projector
from projections.rebuild import Rebuild
from projections.views import create_views
from suivi.generations import FileGenerations, Generations
from tests.faults.closing import Closing, count
from tests.faults.stores import only_sqlite
from tests.installations import Town
from tests.projections.contents import assert_equal, contents
from tests.projections.random_lives import play

PAGES = (1, 7, 1_000)
FEW = {"_MOST_FINISHED": 2, "_MOST_OPEN": 3, "_MOST_TALLIES": 5, "_TOKENS_OF": 2}
"""So little is kept in memory that a short life meets every bound."""
Again = Callable[[Town, Generations, int], AbstractContextManager[Engine]]


@contextmanager
def replayed(town: Town, generations: Generations, page: int) -> Iterator[Engine]:
    """Fact by fact into another generation, under the same search key, so that tokens can be compared."""
    installation = town.installation
    with generations.building() as built:
        with built.engine.begin() as connection:
            create_views(connection, installation.projector.position().generation)
        Projector(built.engine, installation.records, installation.keyring, installation.calendars, page).catch_up()
        yield built.engine


@contextmanager
def in_bulk(town: Town, generations: Generations, page: int) -> Iterator[Engine]:
    installation = town.installation
    with generations.building() as built:
        work = Rebuild(built.bulk, installation.records, installation.keyring, installation.calendars, page)
        work.run(installation.projector.position().generation, installation.register.head())
        built.settle()
        yield built.engine


@contextmanager
def with_little_memory(town: Town, generations: Generations, page: int) -> Iterator[Engine]:
    kept = {name: getattr(building, name) for name in FEW}
    try:
        for name, value in FEW.items():
            setattr(building, name, value)
        with in_bulk(town, generations, page) as engine:
            yield engine
    finally:
        for name, value in kept.items():
            setattr(building, name, value)


WAYS: tuple[Again, ...] = (replayed, in_bulk, with_little_memory)


def require_equal(town: Town, generations: Generations, pages: tuple[int, ...]) -> Counter[str]:
    """Build them again in every way; what there was to compare."""
    live = contents(town.installation.stores.views)
    met = Counter({"facts": town.installation.register.head(), "rows": sum(map(len, live.values()))})
    for again in WAYS:
        for page in pages:
            with again(town, generations, page) as engine:
                how = f"{again.__name__} with pages of {page} on {engine.dialect.name}"
                assert_equal(live, contents(engine), how)
            met["rebuilds"] += 1
    met["finished"], met["open"] = len(live["journal"]), len(live["current_demands"])
    return met


@pytest.mark.xdist_group("faults-rebuilt")
def test_p4_read_models_built_again_in_pages_of_any_size_equal_the_live_ones(
    tmp_path: Path, stores: str, closes: Closing
) -> None:
    """Long lives. Those that live on PostgreSQL are built again there, and on SQLite they are the same as well."""
    towns, met = count(3 if stores == "sqlite" else 1, 20), Counter[str]()
    for seed in range(towns):
        with closing(Town(tmp_path / f"town-{seed}", seed=seed, kind=stores)) as town:
            play(town, 25 if stores == "sqlite" else 15, 220 if stores == "sqlite" else 100)
            met += require_equal(town, town.installation.stores.generations, PAGES)
            if stores == "postgres":
                elsewhere = FileGenerations(tmp_path / f"views-of-{seed}.sqlite3")
                met += Counter(rebuilds=require_equal(town, elsewhere, PAGES[1:2])["rebuilds"])
    assert met["finished"] > 0 < met["open"]
    closes(
        f"P4: {towns} long histories of {met['facts']} facts, rebuilt {met['rebuilds']} times in pages of 1, 7 and "
        f"1,000, {met['rows']} rows equal to the live ones"
    )


@pytest.mark.xdist_group("faults-rebuilt")
def test_p4_whatever_happened_read_models_built_again_equal_the_live_ones(
    tmp_path_factory: pytest.TempPathFactory, stores: str, closes: Closing
) -> None:
    histories, met = count(12 if stores == "sqlite" else 3, 300 if stores == "sqlite" else 60), Counter[str]()

    @settings(max_examples=histories)
    @given(
        seed=st.integers(0, 2**32),
        demands=st.integers(1, 9),
        steps=st.integers(0, 60),
        page=st.sampled_from(PAGES) | st.integers(2, 40),
    )
    def prove(seed: int, demands: int, steps: int, page: int) -> None:
        town = Town(tmp_path_factory.mktemp("p4") / "town", seed=seed, kind=stores)
        try:
            play(town, demands, steps)
            met.update(require_equal(town, town.installation.stores.generations, (page,)))
            met["histories"] += 1
        finally:
            town.close()

    prove()
    assert met["histories"] >= histories
    closes(
        f"P4: {met['histories']} random histories of {met['facts']} facts, rebuilt {met['rebuilds']} times in pages of "
        f"1 to 1,000, {met['rows']} rows equal to the live ones"
    )


@only_sqlite
def test_the_comparison_is_able_to_fail(tmp_path: Path, stores: str) -> None:
    town = Town(tmp_path / "town", kind=stores)
    play(town, 3, 10)
    live = contents(town.installation.stores.views)
    with in_bulk(town, town.installation.stores.generations, 7) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE status_intervals SET until = 1 WHERE version = 1")
        with pytest.raises(AssertionError, match="status_intervals differs"):
            assert_equal(live, contents(engine), "by one cell")
    town.close()
