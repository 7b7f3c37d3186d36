"""The search box of every page."""

import pytest

from domain.references import new_reference
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


def test_a_number_alone_opens_its_demand_open_or_finished(zoe: Visitor, town: Town) -> None:
    lea, reference = town.office.directory.agent("zoe"), town.submit()
    number = reference.partition("-")[2]
    for _ in ("open", "finished"):
        for typed in (number, number.lower(), number.replace("-", ""), number.replace("1", "l").replace("0", "o")):
            answer = zoe.send("/recherche", page="/", q=typed)
            assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}")
        if town.office.dossier(reference, None).demand.closed_at is None:
            town.act(reference, lea, "take_in_charge")
            town.act(reference, lea, "close", "traitee")


def test_a_miscopied_number_is_said_to_be_one(zoe: Visitor, town: Town) -> None:
    number = town.submit().partition("-")[2]
    answer = zoe.send("/recherche", page="/", q=number[:-1] + ("0" if number[-1] != "0" else "1"))
    assert answer.status_code == 404
    assert "Référence mal recopiée" in answer.text


def test_a_number_out_of_reach_answers_as_an_unknown_one(zoe: Visitor, town: Town) -> None:
    foreign = town.submit("SIG").partition("-")[2]
    unknown = new_reference("AEN", town.installation.random_bits).partition("-")[2]
    for number in (foreign, unknown):
        answer = zoe.send("/recherche", page="/", q=number)
        assert answer.status_code == 404
        assert "Aucune demande ne porte cette référence" in answer.text
        page = zoe.get(f"/demandes/service?reference={number}").text
        assert "SIG-" not in page
        assert f"</span> {number}" in page


def test_a_number_is_a_criterion_of_the_lists_and_the_journal(zoe: Visitor, town: Town) -> None:
    lea, reference = town.office.directory.agent("zoe"), town.submit()
    number = reference.partition("-")[2].lower()
    assert f'href="/demandes/{reference}"' in zoe.get(f"/demandes/non-traitees?reference={number}").text
    assert f"Ouvrir la demande {reference}" in zoe.get(f"/demandes/en-cours?reference={number}").text
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "close", "traitee")
    assert f'href="/demandes/{reference}"' in zoe.get(f"/journal?reference={number}").text


@pytest.mark.parametrize("words", ["Montgolfiers", "033612345678", "Jean-Pierre-X", "abcdefghjkmn"])
def test_what_only_looks_like_a_number_is_looked_for_as_a_name(zoe: Visitor, words: str) -> None:
    assert "?cherche=" in (zoe.send("/recherche", page="/", q=words).location or "")


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


def test_too_much_typed_comes_back_in_the_section_with_what_to_do(zoe: Visitor) -> None:
    answer = zoe.send("/recherche", page="/", q="x" * 101, section="/demandes/en-cours")
    assert answer.status_code == 422
    assert "<title>En cours · Suivi</title>" in answer.text
    assert "raccourcissez ce que vous cherchez" in answer.text
    assert f'value="{"x" * 101}"' in answer.text
