"""Many demands at once: every page of a list once, in its order and within the rights of who asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections import selecting
from projections.reading import Criteria, Scope
from projections.selecting import TooMany
from tests.installations import Town

CIVIL = "État civil"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Eight demands of one agent, some of a colleague, of another procedure and of another service."""
    town = Town(Path(tmp_path_factory.mktemp("selecting")) / "var")
    zoe, luc = town.agent("zoe", CIVIL), town.agent("luc", CIVIL)
    for number in range(8):
        town.act(town.submit("AEN" if number % 2 else "AEM"), zoe, "take_in_charge")
        town.clock.move(minutes=1)
    town.act(town.submit(), luc, "take_in_charge")
    town.submit("CAN")
    yield town
    town.close()


def references(town: Town, criteria: Criteria, scope: Scope | None = None) -> list[str]:
    asking = scope or Scope("zoe", ("AED", "AEM", "AEN"), (CIVIL,), (CIVIL,))
    return [row.reference for row in town.installation.selecting.matching(criteria, asking, town.clock())]


@pytest.mark.parametrize("page", [1, 3, 8, 1_000])
@pytest.mark.parametrize("sort", ["received", "-received", "due"])
def test_every_page_of_a_list_is_read_once_in_its_order(
    town: Town, monkeypatch: pytest.MonkeyPatch, page: int, sort: str
) -> None:
    whole = references(town, Criteria("in_progress", sort=sort))
    monkeypatch.setattr(selecting, "_PAGE", page)
    assert references(town, Criteria("in_progress", sort=sort, size=2)) == whole
    assert len(set(whole)) == 8


def test_criteria_narrow_it_and_names_as_well(town: Town) -> None:
    assert len(references(town, Criteria("in_progress", procedure="AEM"))) == 4
    assert len(references(town, Criteria("service", agent="luc"))) == 1
    assert len(references(town, Criteria("service", words=("dubois",)))) == 9
    assert references(town, Criteria("service", words=("nobody",))) == []


def test_nothing_outside_the_rights_of_who_asks(town: Town) -> None:
    assert len(references(town, Criteria("service"))) == 9
    assert references(town, Criteria("service"), Scope("max", (), ("Urbanisme",))) == []


def test_more_than_one_selection_may_hold_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "MOST", 5)
    with pytest.raises(TooMany):
        references(town, Criteria("in_progress"))


def test_ticked_demands_are_open_or_finished_or_unknown(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "_CHUNK", 2)
    found, office = town.installation.selecting, town.office
    closed = town.submit()
    town.act(closed, office.directory.agent("luc"), "take_in_charge")
    town.act(closed, office.directory.agent("luc"), "close", "traitee")
    listed = references(town, Criteria("in_progress"))
    asked = [*listed, closed, "AEN-0000-0000-0000"]
    assert set(found.named(asked)) == set(listed)
    finished = found.finished(asked)
    assert {name: (one.procedure, one.status) for name, one in finished.items()} == {closed: ("AEN", "CLOTUREE")}
    assert found.named([]) == {}
