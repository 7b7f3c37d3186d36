"""P4: a rebuild that stopped somewhere is begun again at the same place, and equals the live read models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projections.rebuild import Rebuild
from store.engines import sqlite_engine
from tests.installations import Town
from tests.projections.contents import assert_equal, contents
from tests.projections.random_lives import play


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
