"""P18: a store that holds every event version replays to the read models it always replayed to."""

import json
from pathlib import Path

from domain.demand import Demand
from domain.facts import fold
from store.mapper import FactMapper, fact_classes
from tests.faults.closing import Closing
from tests.faults.golden_store import VIEWS, replayed, stored_history
from tests.faults.stores import stores_of
from tests.store.examples import EXAMPLES

HOW = "see the first lines of tests/faults/golden_store.py"


def test_an_old_store_replays_to_the_same_read_models(tmp_path: Path, stores: str, closes: Closing) -> None:
    history = stored_history()
    assert {event.topic for event in history} == set(EXAMPLES) | set(fact_classes()), HOW
    with stores_of(stores) as found:
        views = replayed({"SUIVI_DATA_DIR": str(tmp_path / "var")} | found, history)
    expected = json.loads(VIEWS.read_text())
    assert set(views) == set(expected), HOW
    for table, rows in expected.items():
        assert views[table] == rows, f"{table}: {HOW}"
    topics, rows_total = len({event.topic for event in history}), sum(map(len, views.values()))
    closes(f"P18: {len(history)} facts of {topics} event versions replay to the same {rows_total} rows")


def test_the_old_store_tells_lawful_lives() -> None:
    """So that a rule added later shows here before it shows in a town hall."""
    mapper = FactMapper()
    lives: dict[object, list[Demand.Event]] = {}
    for stored in stored_history():
        fact = mapper.to_domain_event(stored)
        if isinstance(fact, Demand.Event):
            lives.setdefault(fact.originator_id, []).append(fact)
    for facts in lives.values():
        for number, fact in enumerate(facts):
            before = fold(facts[:number])
            assert before is None or before.status in fact.comes_from, fact
