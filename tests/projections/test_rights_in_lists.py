"""Who lost the right on a procedure keeps nothing of it: no row, no number, not even of his own demands."""

from datetime import timedelta

import pytest

from projections.reading import Criteria, Scope
from tests.installations import Town

CIVIL = "État civil"
BEFORE = Scope("lea", ("AED", "AEN"), (), (CIVIL,))
AFTER = Scope("lea", ("AED",), (), (CIVIL,))
NOTHING_LEFT = Scope("lea", (), ())


@pytest.fixture
def owned(town: Town) -> tuple[str, str]:
    """Léa's demand in progress and her demand on hold, both of a procedure that she will lose."""
    lea, progress, held = town.agent("lea", CIVIL), town.submit("AEN"), town.submit("AEN")
    for reference in (progress, held):
        town.act(reference, lea, "take_in_charge")
    town.act(held, lea, "put_on_hold", "autre")
    return progress, held


def listed(town: Town, section: str, scope: Scope, **criteria: object) -> list[str]:
    chosen = Criteria(section, **criteria)  # type: ignore[arg-type]  # names of the struct
    return [row.reference for row in town.installation.lists.page(chosen, scope, town.clock()).rows]


@pytest.mark.parametrize("scope", [AFTER, NOTHING_LEFT])
def test_an_agent_who_lost_a_procedure_lists_none_of_its_demands(
    town: Town, owned: tuple[str, str], scope: Scope
) -> None:
    progress, held = owned
    assert (listed(town, "in_progress", BEFORE), listed(town, "on_hold", BEFORE)) == ([progress], [held])
    assert listed(town, "in_progress", scope) == listed(town, "on_hold", scope) == []
    assert listed(town, "in_progress", scope, words=("dubois",)) == []
    assert listed(town, "in_progress", BEFORE, words=("dubois",)) == [progress]


def test_an_agent_who_lost_a_procedure_counts_none_of_its_demands(town: Town, owned: tuple[str, str]) -> None:
    lists, clock = town.installation.lists, town.clock
    clock.move(days=400)
    before, after = (lists.counters(scope, clock()) for scope in (BEFORE, AFTER))
    assert (before.in_progress, before.on_hold, before.late) == (1, 1, 1)
    assert (after.in_progress, after.on_hold, after.late) == (0, 0, 0)


def test_nothing_of_a_lost_procedure_is_urgent(town: Town, owned: tuple[str, str]) -> None:
    urgent, soon = town.installation.lists.urgent, timedelta(days=2)
    assert [row.reference for row in urgent(BEFORE, town.clock(), soon, 12)] == [owned[0]]
    assert urgent(AFTER, town.clock(), soon, 12) == []


def test_the_counts_read_with_a_list_are_those_of_the_sections(town: Town, owned: tuple[str, str]) -> None:
    lists = town.installation.lists
    scope = Scope("lea", ("AED", "AEN"), (CIVIL,), (CIVIL,))
    alone = lists.counters(scope, town.clock())
    beside = lists.page(Criteria("service"), scope, town.clock()).counters
    assert beside is not None
    assert lists.beside_sections(scope, town.clock()) == beside
    assert (beside.in_progress, beside.untreated, beside.on_hold, beside.service, beside.for_you) == (
        *(alone.in_progress, alone.untreated, alone.on_hold, alone.service),
        alone.for_you,
    )
