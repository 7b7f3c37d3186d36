"""The journal: finished demands and archives, found by what stays, showing nothing personal."""

import html
import re

import pytest

from tests.web.pages.conftest import MARIE, Browser, Hall, text


@pytest.fixture(scope="module")
def finished(hall: Hall) -> str:
    """A demand that lived through everything."""
    reference = hall.received()
    zoe = hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/prise-en-compte")
    zoe.post(f"/demandes/{reference}/evenements", event_type="appel_usager", comment="Secret de famille")
    zoe.post(f"/demandes/{reference}/mise-en-attente", reason="avis_attendu", detail="Secret du préfet")
    zoe.post(f"/demandes/{reference}/reprise")
    zoe.post(f"/demandes/{reference}/reattribution", agent="luc", note="Secret de bureau")
    hall.browser("luc").post(f"/demandes/{reference}/cloture", outcome="refusee", comment="Secret", decision="none")
    return reference


def listed(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/journal?{query}")
    assert page.status_code == 200
    return re.findall(r'class="reference"[^>]*>([^<]+)<', page.text)


def test_a_row_keeps_what_must_remain_and_nothing_else(finished: str, zoe: Browser) -> None:
    page = zoe.get(f"/journal?reference={finished}")
    words = text(page)
    stays = ("Zoé Martin", "Luc Petit", "Refusée", "Appel de l’usager", "Avis d’un autre service attendu", "Clôture")
    for phrase in stays:
        assert phrase in words
    for gone in (MARIE.last_name, MARIE.first_name, "Secret"):
        assert gone not in html.unescape(page.text)


@pytest.mark.parametrize(
    "query",
    [
        "procedure=AEN",
        "service=État civil",
        "agent=zoe",
        "agent=luc",
        "event_type=appel_usager",
        "closed_from=2027-03-01&closed_to=2027-03-01",
        "size=100",
    ],
)
def test_it_is_found_by_what_stays(finished: str, zoe: Browser, query: str) -> None:
    assert finished in listed(zoe, query)


@pytest.mark.parametrize(
    "query", ["procedure=AEM", "service=Cimetières", "agent=max", "event_type=piece_recue", "closed_from=2027-03-02"]
)
def test_it_is_not_found_by_anything_else(finished: str, zoe: Browser, query: str) -> None:
    assert finished not in listed(zoe, query)


def test_archives_hold_what_is_older_than_the_town_s_delay(fresh_hall: Hall) -> None:
    reference = fresh_hall.closed()
    fresh_hall.clock.move(days=400)
    zoe = fresh_hall.browser("zoe")
    assert reference not in listed(zoe)
    assert reference in listed(zoe, "archives=1")


def test_archives_are_empty_before(finished: str, zoe: Browser) -> None:
    assert finished in listed(zoe)
    assert listed(zoe, "archives=1") == []
    assert "Aucune demande archivée" in text(zoe.get("/journal?archives=1"))


def test_each_sees_what_he_may(hall: Hall, finished: str, ines: Browser, max_: Browser) -> None:
    assert finished in listed(ines)
    assert finished in listed(hall.browser("noe"))
    assert finished not in listed(max_)


def test_an_analyst_is_not_led_to_demands_he_may_not_open(hall: Hall, finished: str) -> None:
    noe = hall.browser("noe")
    assert f'href="/demandes/{finished}"' not in noe.get("/journal").text
    assert noe.get(f"/demandes/{finished}").status_code == 403


@pytest.mark.parametrize(
    "query", ["size=3", "closed_from=hier", "closed_to=9999-12-31", "cursor=faux", "archives=peut-être"]
)
def test_impossible_criteria_are_explained(zoe: Browser, query: str) -> None:
    assert zoe.get(f"/journal?{query}").status_code == 422


def test_pages_follow_each_other(hall: Hall, hugo: Browser) -> None:
    closed = {hall.closed(procedure="AED") for _ in range(26)}
    first = hugo.get("/journal?procedure=AED").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = hugo.get(html.unescape(following[1])).text
    both = [re.findall(r'class="reference"[^>]*>([^<]+)<', page) for page in (first, second)]
    assert [len(page) for page in both] == [25, 1]
    assert {reference for page in both for reference in page} == closed


def test_a_miscopied_reference_says_so(finished: str, zoe: Browser) -> None:
    wrong = finished[:-1] + ("0" if finished[-1] != "0" else "1")
    assert "mal recopiée" in text(zoe.get(f"/journal?reference={wrong}"))
