"""P4 in small: what was built fact by fact equals what a replay builds, whatever the size of its pages."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from projections.projector import Projector
from projections.tables import metadata
from projections.views import create_views
from store.engines import sqlite_engine
from tests.installations import Town
from tests.projections.random_lives import play


def contents(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(select(table)))
            if name not in ("current_demands", "journal", "agents", "procedures", "status_intervals")
            else sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in metadata.tables.items()
        }


def rebuilt(town: Town, directory: Path, page: int) -> Engine:
    """Fresh read models of the same generation, so that their search tokens are under the same key."""
    installation = town.installation
    engine = sqlite_engine(str(directory / f"again-{page}.sqlite3"))
    with engine.begin() as connection:
        create_views(connection, installation.projector.position().generation)
    register, keyring = installation.register, installation.keyring
    Projector(engine, register.notifications, register.fact, keyring, installation.calendars, page).catch_up()
    return engine


@pytest.mark.parametrize(
    ("kind", "seed", "demands", "steps"),
    [
        *(("sqlite", seed, 25, 220) for seed in range(4)),
        pytest.param("postgres", 4, 15, 100, marks=pytest.mark.postgres),
    ],
    indirect=["kind"],
)
def test_read_models_rebuilt_in_pages_of_any_size_equal_the_live_ones(
    tmp_path: Path, kind: str, seed: int, demands: int, steps: int
) -> None:
    """Rebuilt on SQLite they equal even those that live on PostgreSQL."""
    town = Town(tmp_path / "town", seed=seed, kind=kind)
    play(town, demands, steps)
    live = contents(town.installation.stores.views)
    assert len(live["journal"]) > 0 < len(live["current_demands"])
    for page in (1, 7, 1_000):
        engine = rebuilt(town, tmp_path, page)
        again = contents(engine)
        engine.dispose()
        for name in live:
            if name == "open_counts":
                assert [row for row in again[name] if row[-1]] == [row for row in live[name] if row[-1]]
            else:
                assert again[name] == live[name], f"{name} differs with pages of {page}"
    town.close()
