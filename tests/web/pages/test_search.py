"""A search by name, e-mail or telephone: found, never readable in an address, useless in another session."""

import html
import re

import pytest

from domain.applicant import Applicant
from tests.web.pages.conftest import Browser, Hall, text

GILLES = Applicant("D’Almeida-Œuf", "Gilles", usage_name="Ly", email="gilles@exemple.fr", phone="+33 6 98 76 54 32")


@pytest.fixture(scope="module")
def reference(hall: Hall) -> str:
    return hall.received("AEN", GILLES)


@pytest.mark.parametrize(
    "typed", ["almeida", "DALMEIDA", "oeu", "gilles ly", "Gilles@exemple.fr", "06 98 76 54 32", "06.98.76.54.32"]
)
def test_it_finds_by_any_word(zoe: Browser, reference: str, typed: str) -> None:
    answer = zoe.post("/demandes/non-traitees", applicant=typed)
    assert answer.status_code == 303
    page = zoe.get(answer.location)
    assert page.status_code == 200
    assert reference in page.text
    assert typed in html.unescape(page.text)


@pytest.mark.parametrize("typed", ["gilberte", "gil mart", "autre@exemple.fr", "0600000000"])
def test_it_says_when_nothing_is_found(zoe: Browser, reference: str, typed: str) -> None:
    page = zoe.get(zoe.post("/demandes/service", applicant=typed).location)
    assert reference not in page.text
    assert "ne répond à ces critères" in text(page)


def test_nothing_personal_stands_in_an_address(zoe: Browser, reference: str) -> None:
    criteria = {"procedure": "AEN", "late": "", "received_from": "2027-01-01"}
    location = zoe.post("/demandes/service", applicant="almeida", **criteria).location
    assert "almeida" not in location.lower()
    assert "procedure=AEN" in location
    assert "received_from=2027-01-01" in location
    page = zoe.get(location).text
    assert reference in page
    assert "almeida" not in "".join(re.findall(r'(?:href|action)="[^"]*"', page)).lower()


def test_criteria_in_the_address_are_kept(zoe: Browser, reference: str) -> None:
    location = zoe.post("/demandes/service?procedure=AEM", applicant="almeida").location
    assert "procedure=AEM" in location
    assert reference not in zoe.get(location).text


def test_another_session_cannot_open_it(hall: Hall, zoe: Browser, luc: Browser) -> None:
    location = zoe.post("/demandes/service", applicant="almeida").location
    for browser in (luc, hall.browser("zoe")):
        answer = browser.get(location)
        assert answer.status_code == 422
        assert "tapez-la de nouveau" in text(answer)


def test_an_emptied_box_ends_the_search(zoe: Browser) -> None:
    assert zoe.post("/demandes/service?cherche=old", applicant="").location == "/demandes/service"


def test_what_is_too_long_comes_back(zoe: Browser) -> None:
    answer = zoe.post("/demandes/service", applicant="a" * 101)
    assert answer.status_code == 422
    assert "a" * 101 in answer.text


def test_names_out_of_reach_are_not_found(max_: Browser, reference: str) -> None:
    assert reference not in max_.get(max_.post("/demandes/service", applicant="almeida").location).text


def test_only_those_who_work_on_demands_search(ines: Browser) -> None:
    assert ines.post("/demandes/service", applicant="almeida").status_code == 403


def test_a_short_word_that_finds_nothing_is_explained(zoe: Browser, reference: str) -> None:
    for typed, explained in (("gi", True), ("ly", False), ("gilberte", False)):
        page = text(zoe.get(zoe.post("/demandes/service", applicant=typed).location))
        assert ("Un mot de moins de trois lettres" in page) is explained
