"""Figures tell nothing personal, so closing and erasing change none of them but what a closure itself counts."""

from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.agent import Agent
from domain.errors import Refused
from domain.status import FINISHED
from projections.rebuild import Rebuild
from projections.statistics import BY, Figure, Figures, Statistics
from store.engines import sqlite_engine
from tests.installations import Town
from tests.projections.random_lives import play

PARIS = ZoneInfo("Europe/Paris")
Told = dict[str, Figures]


def told(town: Town, statistics: Statistics | None = None) -> Told:
    """Every breakdown from the first fact to the day the clock shows."""
    reader, today = statistics or town.installation.statistics, town.clock().astimezone(PARIS).date()
    return {by: reader.figures(None, None, by, today) for by in BY}


def taken_up(figure: Figure) -> tuple[object, ...]:
    """What a closure never counts."""
    return figure.received, figure.taken, figure.deleted, figure.reminders, figure.to_take, figure.in_time["taken"]


def close(town: Town, reference: str, agent: Agent) -> int:
    """Bring a demand to its end, whatever its state; how many takings in charge that took."""
    taken = 0
    for action, arguments in (("take_in_charge", ()), ("resume", ()), ("close", ("traitee", "fini"))):
        try:
            town.act(reference, agent, action, *arguments)
            taken += action == "take_in_charge"
        except Refused:
            continue
    return taken


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), steps=st.integers(20, 90))
def test_closing_and_erasing_change_only_what_a_closure_counts(seed: int, steps: int) -> None:
    with TemporaryDirectory() as folder:
        town = Town(Path(folder) / "var", seed=seed)
        try:
            references = play(town, 10, steps, clocks_ahead=False)
            before, today = told(town), town.clock().astimezone(PARIS).date().isoformat()
            lea = town.office.directory.agent("lea")
            taken = sum(close(town, reference, lea) for reference in references)
            after = told(town)
            totals, closed = after["day"].totals, before["day"].totals.closed
            assert (totals.received, totals.deleted) == (10, 0)
            assert totals.taken == before["day"].totals.taken + taken
            assert (totals.closed, totals.open) == (10, 0)
            assert totals.closed - closed == before["day"].totals.open
            _past_days_stand(before, after, today)
            if not taken:
                _only_closures_count(before, after)
        finally:
            town.close()


def _past_days_stand(before: Told, after: Told, today: str) -> None:
    days = dict(after["day"].rows)
    for key, figure in before["day"].rows:
        if key != today:
            assert days[key] == figure


def _only_closures_count(before: Told, after: Told) -> None:
    for by in BY:
        rows = dict(after[by].rows)
        assert {key: taken_up(figure) for key, figure in before[by].rows if any(taken_up(figure)[:4])} == {
            key: taken_up(figure) for key, figure in rows.items() if any(taken_up(figure)[:4])
        }


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), steps=st.integers(20, 90))
def test_figures_made_again_from_the_facts_are_the_same_after_erasure(seed: int, steps: int) -> None:
    with TemporaryDirectory() as folder:
        town = Town(Path(folder) / "var", seed=seed)
        try:
            references = play(town, 8, steps)
            lea = town.office.directory.agent("lea")
            for reference in references[::2]:
                close(town, reference, lea)
            _all_keys_are_gone(town, references[::2])
            installation, engine = town.installation, sqlite_engine(f"{folder}/again.sqlite3")
            work = Rebuild(engine, installation.records, installation.keyring, installation.calendars, 7)
            work.run(installation.projector.position().generation, installation.register.head())
            assert told(town, Statistics(engine)) == told(town)
            engine.dispose()
        finally:
            town.close()


def _all_keys_are_gone(town: Town, references: list[str]) -> None:
    """The second reading of the facts had nothing personal to read."""
    for reference in references:
        demand = town.office.dossier(reference, town.office.directory.agent("lea")).demand
        assert demand.status in FINISHED
        assert town.installation.keyring.keys([demand.id]) == {}


def test_the_property_can_fail(town: Town) -> None:
    town.agent("lea", "État civil")
    before = told(town)
    town.submit()
    with pytest.raises(AssertionError):
        _only_closures_count(before, told(town))
