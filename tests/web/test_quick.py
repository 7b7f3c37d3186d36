"""The search box of every page."""

import pytest

from tests.installations import Town
from tests.web.conftest import Visitor


@pytest.fixture
def zoe(visitor: Visitor) -> Visitor:
    visitor.log_in("zoe")
    return visitor


def test_a_reference_opens_its_demand_however_it_is_typed(zoe: Visitor, town: Town) -> None:
    reference = town.submit()
    for typed in (reference, reference.lower(), reference.replace("-", ""), f"  {reference} "):
        answer = zoe.send("/recherche", page="/", q=typed, section="/demandes/en-cours")
        assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}")


def test_a_miscopied_reference_is_said_to_be_one(zoe: Visitor, town: Town) -> None:
    reference = town.submit()
    wrong = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    answer = zoe.send("/recherche", page="/", q=wrong)
    assert answer.status_code == 404
    assert "Référence mal recopiée" in answer.text


@pytest.mark.parametrize(
    "words", ["Dubois", "marie.dubois@example.org", "dubois marie", "Marie-Madeleine Dubois", "00 33 6 12 34 56 78"]
)
def test_a_name_is_looked_for_in_the_present_section_and_never_stands_in_the_address(
    zoe: Visitor, town: Town, words: str
) -> None:
    reference = town.submit(first_name="Marie-Madeleine", phone="00 33 6 12 34 56 78")
    answer = zoe.send("/recherche", page="/", q=words, section="/demandes/non-traitees")
    assert answer.status_code == 303
    assert answer.location.startswith("/demandes/non-traitees?cherche=")
    assert "ubois" not in answer.location
    assert reference in zoe.get(answer.location).text


def test_nothing_typed_and_another_section_are_harmless(zoe: Visitor) -> None:
    assert zoe.send("/recherche", page="/", q=" ", section="https://exemple.org").location == "/demandes/service"


def test_too_much_typed_is_refused(zoe: Visitor) -> None:
    assert zoe.send("/recherche", page="/", q="x" * 101).status_code == 422
