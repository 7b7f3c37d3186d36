"""A search by name, e-mail or telephone: found, never readable in an address, useless in another session."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from domain.applicant import Applicant
from tests.web.pages.conftest import Browser, Hall, hidden, text

GILLES = Applicant("D’Almeida-Œuf", "Gilles", usage_name="Ly", email="gilles@exemple.fr", phone="+33 6 98 76 54 32")


def sent(hall: Hall, address: str, body: bytes) -> TestResponse:
    """A form whose bytes no browser would write."""
    client, token = hall.app.test_client(), "b" * 64
    hall.installation.sessions.open("zoe", hall.clock(), token)
    with client.session_transaction() as session:
        session["token"], session["code"] = token, "zoe"
    body += b"&csrf_token=" + hidden(client.get("/").text, "csrf_token").encode()
    answer = client.post(address, data=body, content_type="application/x-www-form-urlencoded")
    hall.installation.sessions.close(token)
    return answer


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


@pytest.mark.parametrize(
    "typed", ["Almeida", "D’Almeida Gilles", "gilles@exemple.fr", "0033698765432", "AEN-7QK3", "Jean Martinezgarcia"]
)
def test_a_name_in_the_box_of_references_does_not_reach_an_address(zoe: Browser, reference: str, typed: str) -> None:
    answer = zoe.post("/demandes/service", reference=typed, procedure="AEN")
    assert answer.status_code == 422
    assert "Un nom se cherche dans « Usager »" in text(answer)
    assert html.escape(typed) in answer.text or typed in html.unescape(answer.text)
    for known in (reference, reference.lower(), reference.partition("-")[2], reference[:-1] + "0"):
        assert zoe.post("/demandes/service", reference=known).status_code == 303


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


@pytest.mark.parametrize("address", ["non-traitees", "en-cours", "en-attente", "service"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("a", "Un mot de moins de trois lettres"),
        ("x" * 100, "ne répond à ces critères"),
        ("x" * 10_000, "Au plus 100 caractères"),
        ("é" * 10_000, "Au plus 100 caractères"),
        ("%", "Il n’y a rien à chercher"),
        ("_", "Il n’y a rien à chercher"),
        ("*", "Il n’y a rien à chercher"),
        ("'", "Il n’y a rien à chercher"),
        ("’ -- ’", "Il n’y a rien à chercher"),
        ("@", "Il n’y a rien à chercher"),
        ("\\", "Il n’y a rien à chercher"),
        ("😀", "Il n’y a rien à chercher"),
        ("\ufffd", "Il n’y a rien à chercher"),
        ("' OR 1=1 --", "Un mot de moins de trois lettres"),
        ("%almeida% OR x", "Un mot de moins de trois lettres"),
        ("日本", "Un mot de moins de trois lettres"),
        ("<script>zzz", "ne répond à ces critères"),
    ],
)
def test_whatever_is_searched_for_is_answered_in_words_and_comes_back(
    zoe: Browser, reference: str, address: str, typed: str, said: str
) -> None:
    for answer in (
        zoe.post(f"/demandes/{address}", applicant=typed),
        zoe.post("/recherche", q=typed, section=f"/demandes/{address}"),
    ):
        assert answer.status_code == (422 if len(typed) > 100 else 303)
        page = zoe.get(answer.location) if answer.status_code == 303 else answer
        assert said in text(page)
        assert typed in html.unescape(page.text)
        assert reference not in page.text


@pytest.mark.parametrize("typed", ["almeida*", "*almeida", "(almeida)", "« almeida »", "gilles, almeida"])
def test_marks_around_words_are_no_part_of_them(zoe: Browser, reference: str, typed: str) -> None:
    assert reference in zoe.get(zoe.post("/demandes/non-traitees", applicant=typed).location).text


@pytest.mark.parametrize("address", ["/demandes/service", "/recherche"])
@pytest.mark.parametrize("typed", [b"a%00b", b"%ED%A0%80", b"%FF%FE"])
def test_bytes_that_are_no_text_are_answered_without_breaking(hall: Hall, address: str, typed: bytes) -> None:
    answer = sent(hall, address, b"applicant=" + typed + b"&q=" + typed)
    assert answer.status_code in (303, 400, 422)
    if answer.status_code == 400:
        assert "caractères interdits" in text(answer)


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


@pytest.mark.parametrize("section", ["non-traitees", "en-cours", "en-attente", "service"])
def test_a_period_that_ends_before_it_begins_is_refused_with_what_was_typed(zoe: Browser, section: str) -> None:
    address, period = f"/demandes/{section}", {"received_from": "2026-11-10", "received_to": "2026-11-01"}
    for found in (zoe.get(f"{address}?received_from=2026-11-10&received_to=2026-11-01"), zoe.post(address, **period)):
        assert found.status_code == 422
        assert "La période commence après sa fin." in text(found)
        assert 'value="2026-11-10"' in found.text


def test_an_empty_result_leads_elsewhere(zoe: Browser) -> None:
    found = zoe.get("/demandes/en-cours?received_to=2001-01-01").text
    assert 'href="/demandes/service">Du service</a>' in found
    assert 'href="/journal">Journal des demandes terminées</a>' in found
    assert 'href="/demandes/service">Du service</a>' not in zoe.get("/demandes/service?received_to=2001-01-01").text
