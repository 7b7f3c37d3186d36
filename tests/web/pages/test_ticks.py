"""Tick boxes of the lists: one form below the table, all of a page or all results, and a true number of these."""

import html
import re
from html.parser import HTMLParser

import pytest

from domain.rights import Rights, Role
from tests.web.pages.conftest import CIVIL, MARIE, Browser, Hall, text
from web import ticks

BAR = re.compile(r'<form method="post" action="/demandes/selection".*?</form>', re.DOTALL)
OFFERED = {
    "non-traitees": ["add_event"],
    "en-cours": ["labels", "close", "reassign", "add_event"],
    "en-attente": ["labels", "reassign", "add_event"],
    "service": ["labels", "close", "add_event"],
}
TO_HEADS = {"non-traitees": ["reassign", "add_event"], "service": ["labels", "close", "reassign", "add_event"]}
MANY = 27


class Forms(HTMLParser):
    """The forms of a page, each with its fields; a box may name its form from afar."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, list[tuple[str, str]]] = {}
        self.checked: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert not self._open, "forms do not nest"
            self._open.append(found.get("id") or found["action"])
        if tag == "input" and "name" in found:
            owner = found.get("form") or self._open[-1]
            self.fields.setdefault(owner, []).append((found["name"], found.get("value", "")))
            if "checked" in found and found["name"] == "references":
                self.checked.append(found["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open.pop()

    def sent(self, name: str) -> list[str]:
        """The values of one field of the form of the ticked demands."""
        return [value for field, value in self.fields["selection"] if field == name]


@pytest.fixture(scope="module")
def filled(hall: Hall) -> dict[str, list[str]]:
    """Some demands in each section of Zoé's, and more untreated ones than a page holds."""
    untreated = [hall.received("AED") for _ in range(MANY)]
    return {"non-traitees": untreated, "en-cours": [hall.taken() for _ in range(2)], "en-attente": [hall.held()]}


def bar(page: str) -> str:
    found = BAR.search(page)
    assert found is not None
    return html.unescape(found[0])


@pytest.mark.parametrize("address", OFFERED)
def test_each_section_offers_its_actions_for_the_demands_ticked(
    zoe: Browser, filled: dict[str, list[str]], address: str
) -> None:
    page = zoe.get(f"/demandes/{address}").text
    assert re.findall(r'name="action" value="([a-z_]+)"', bar(page)) == OFFERED[address]
    forms = Forms(page)
    assert forms.sent("references") == re.findall(r'<a class="reference" href="/demandes/([^"]+)"', page)
    assert forms.checked == []
    assert forms.sent("section") == [
        {"non-traitees": "untreated", "en-cours": "in_progress", "en-attente": "on_hold"}.get(address, "service")
    ]
    assert {"csrf_token", "command_id"} <= {name for name, _ in forms.fields["selection"]}


@pytest.mark.parametrize("address", TO_HEADS)
def test_a_head_may_reassign_what_others_follow(hall: Hall, filled: dict[str, list[str]], address: str) -> None:
    found = bar(hall.browser("hugo").get(f"/demandes/{address}").text)
    assert re.findall(r'name="action" value="([a-z_]+)"', found) == TO_HEADS[address]


def test_who_may_process_nothing_of_a_service_is_offered_what_he_may_do(fresh_hall: Hall) -> None:
    fresh_hall.received("AEM")
    eva = fresh_hall.browser("eva")
    assert re.findall(r'name="action" value="([a-z_]+)"', bar(eva.get("/demandes/service").text)) == OFFERED["service"]
    elsewhere = Rights(frozenset({Role.AGENT}), frozenset({CIVIL}), frozenset({"SIG"}))
    fresh_hall.office.directory.change_rights(fresh_hall.command(), "eva", elsewhere)
    found = bar(fresh_hall.browser("eva").get("/demandes/service").text)
    assert re.findall(r'name="action" value="([a-z_]+)"', found) == ["labels"]


def test_without_a_script_a_link_ticks_the_page(zoe: Browser, filled: dict[str, list[str]]) -> None:
    address = "/demandes/non-traitees?procedure=AED&sort=-received"
    page = zoe.get(address).text
    links = dict(re.findall(r'<a href="([^"]+)" data-tick="(all|none)"', page))
    ticking, clearing = (
        html.unescape(next(a for a, what in links.items() if what == name)) for name in ("all", "none")
    )
    ticked = Forms(zoe.get(ticking).text)
    assert ticked.checked == ticked.sent("references")
    assert len(ticked.checked) == 25
    assert Forms(zoe.get(clearing).text).checked == []


def key(page: str) -> str:
    """Under which a browser remembers the ticks of a list."""
    found = re.search(r'data-ticks="([0-9a-f]{16})"', page)
    assert found is not None
    return found[1]


def test_a_list_is_remembered_by_its_criteria_and_by_nothing_that_can_be_read(
    hall: Hall, zoe: Browser, luc: Browser, filled: dict[str, list[str]]
) -> None:
    first = zoe.get("/demandes/non-traitees?procedure=AED").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    assert key(first) == key(zoe.get(html.unescape(following[1])).text)
    assert key(first) == key(zoe.get("/demandes/non-traitees?procedure=AED&sort=-received&size=50&cocher=tout").text)
    found = [zoe.get(zoe.post("/demandes/non-traitees", applicant=MARIE.last_name).location).text for _ in range(2)]
    assert key(found[0]) == key(found[1])
    others = [
        key(zoe.get(f"/demandes/{address}").text) for address in ("non-traitees", "service", "service?procedure=AED")
    ]
    others += [key(luc.get("/demandes/non-traitees?procedure=AED").text), key(found[0])]
    assert len({key(first), *others}) == len(others) + 1


def test_a_list_on_one_page_says_that_it_is_whole(zoe: Browser, filled: dict[str, list[str]]) -> None:
    assert "data-whole" in zoe.get("/demandes/non-traitees?procedure=AED&size=50").text
    assert "data-whole" not in zoe.get("/demandes/non-traitees?procedure=AED").text


def test_boxes_do_not_stay_ticked_on_other_pages(zoe: Browser, filled: dict[str, list[str]]) -> None:
    page = zoe.get("/demandes/non-traitees?procedure=AED&cocher=tout").text
    links = re.findall(r'href="(/demandes/non-traitees[^"]*)"', page)
    assert [html.unescape(link) for link in links if "cocher" in link] == [
        "/demandes/non-traitees?procedure=AED&cocher=tout"
    ]


def test_all_results_are_offered_with_the_sections_own_number(zoe: Browser, filled: dict[str, list[str]]) -> None:
    page = zoe.get("/demandes/non-traitees").text
    shown = re.search(r'data-count="/demandes/non-traitees">(\d+)<', page)
    assert shown is not None
    forms = Forms(page)
    assert forms.sent("expected") == [shown[1]]
    assert forms.sent("scope") == ["page", "filter"]
    assert f"Sélectionner les {shown[1]} résultats" in bar(page)


def test_all_results_of_criteria_are_counted_when_somebody_asks(zoe: Browser, filled: dict[str, list[str]]) -> None:
    page = zoe.get("/demandes/non-traitees?procedure=AED&late=&received_from=2027-01-01").text
    assert Forms(page).sent("scope") == ["page"]
    assert "expected" not in bar(page)
    counting = re.search(r'href="([^"]+)">Sélectionner tous les résultats…', bar(page))
    assert counting is not None
    forms = Forms(zoe.get(counting[1]).text)
    assert forms.sent("expected") == [str(MANY)]
    assert forms.sent("procedure") == ["AED"]
    assert forms.sent("received_from") == ["2027-01-01"]
    assert f"<title>Non traitées ({MANY} résultats) · Suivi</title>" in zoe.get(counting[1]).text


def test_a_search_by_name_is_counted_and_travels_sealed(zoe: Browser, filled: dict[str, list[str]]) -> None:
    address = zoe.post("/demandes/non-traitees", applicant="oeuvrard", procedure="AED").location
    page = zoe.get(f"{address}&cocher=tout").text
    forms = Forms(page)
    assert forms.sent("expected") == [str(MANY)]
    assert forms.sent("cherche") == [re.search(r"cherche=([^&]+)", address)[1]]  # type: ignore[index]
    assert "oeuvrard" not in bar(page).lower()


def test_what_fits_on_one_page_is_not_offered_twice(zoe: Browser, filled: dict[str, list[str]]) -> None:
    for address in ("/demandes/en-cours", "/demandes/non-traitees?procedure=AED&size=50"):
        forms = Forms(zoe.get(address).text)
        assert forms.sent("scope") == ["page"]
        assert forms.sent("expected") == []


def test_too_many_results_are_not_acted_upon_at_once(
    zoe: Browser, filled: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "COUNTED", MANY - 1)
    for address in ("/demandes/non-traitees", "/demandes/non-traitees?procedure=AED&cocher=tout"):
        page = zoe.get(address).text
        assert Forms(page).sent("expected") == []
        assert "précisez les critères pour les sélectionner tous" in bar(page)


def test_a_further_page_still_means_all_results(zoe: Browser, filled: dict[str, list[str]]) -> None:
    page = zoe.get("/demandes/non-traitees?sort=-received").text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following is not None
    forms = Forms(zoe.get(html.unescape(following[1])).text)
    assert forms.sent("expected") == Forms(page).sent("expected")
    assert forms.sent("cursor") == []
    assert forms.sent("sort") == ["-received"]


def test_an_empty_list_has_no_bar(max_: Browser) -> None:
    page = max_.get("/demandes/en-cours")
    assert "/demandes/selection" not in page.text
    assert "Tout cocher" not in text(page)
