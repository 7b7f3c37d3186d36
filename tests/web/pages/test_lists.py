"""The four lists: whose demands, which names, in which order, page after page, and what an empty one says."""

import html
import re
from datetime import UTC, datetime

import pytest

from domain.applicant import Applicant
from domain.references import ALPHABET
from tests.web.pages.conftest import MARIE, Browser, Hall, hidden, text

ADDRESSES = ("non-traitees", "en-cours", "en-attente", "service")


def references(page: str) -> list[str]:
    """The references of a list, in order."""
    return re.findall(r'<a class="reference" href="/demandes/([^"?/]+)"', page)


def every_page(browser: Browser, address: str) -> list[list[str]]:
    """The references of each page of a list, following « Page suivante »."""
    pages = []
    while True:
        page = browser.get(address).text
        pages.append(references(page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            return pages
        address = html.unescape(following[1])


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_list_is_for_those_who_work_on_demands(hall: Hall, zoe: Browser, ines: Browser, address: str) -> None:
    assert zoe.get(f"/demandes/{address}").status_code == 200
    assert ines.get(f"/demandes/{address}").status_code == 403
    nobody = hall.app.test_client().get(f"/demandes/{address}")
    assert nobody.status_code == 303
    assert nobody.location.startswith("/connexion")


def test_each_demand_stands_in_its_sections(hall: Hall, zoe: Browser, luc: Browser, max_: Browser) -> None:
    untreated, mine, waiting = hall.received(), hall.taken(), hall.held()
    expected = {"non-traitees": {untreated}, "en-cours": {mine}, "en-attente": {waiting}}
    expected["service"] = {untreated, mine, waiting}
    for address, wanted in expected.items():
        listed = {r for page in every_page(zoe, f"/demandes/{address}?size=100") for r in page}
        assert {untreated, mine, waiting} & listed == wanted
        assert references(max_.get(f"/demandes/{address}").text) == []
    assert mine not in luc.get("/demandes/en-cours").text
    assert mine in luc.get("/demandes/service?size=100&sort=-received").text


def test_a_row_names_the_citizen_and_offers_its_tools(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    page = zoe.get(f"/demandes/non-traitees?reference={reference}")
    assert "N’GUYEN-ŒUVRARD Marie-Hélène" in text(page)
    for label in (f"Voir la demande {reference}", f"Historique de {reference}", f"Réattribuer {reference}"):
        assert f'aria-label="{label}"' in page.text
    assert f'action="/demandes/{reference}/prise-en-compte"' in page.text


def test_a_restricted_procedure_hides_names_from_the_service(hall: Hall, eva: Browser, hugo: Browser) -> None:
    reference = hall.received("CAN", Applicant("Secret", "Enfant"))
    address = f"/demandes/service?reference={reference}"
    assert "SECRET Enfant" in hugo.get(address).text
    page = eva.get(address)
    assert references(page.text) == [reference]
    assert "SECRET" not in page.text
    assert "réservé" in text(page)


def test_a_designated_demand_is_marked_for_you(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.received()
    luc.post(f"/demandes/{reference}/reattribution", agent="zoe")
    address = f"/demandes/non-traitees?reference={reference}"
    assert "pour vous" in text(zoe.get(address))
    assert '<th scope="col">Désignée pour</th>' in zoe.get(address).text
    assert '<td data-label="Désignée pour">Zoé Martin</td>' in zoe.get(address).text
    assert '<td data-label="Agent">Zoé Martin</td>' in zoe.get(f"/demandes/service?reference={reference}").text
    assert "pour vous" not in text(luc.get(address))


def test_pages_follow_each_other_and_keep_the_criteria(hall: Hall, zoe: Browser) -> None:
    expected = {hall.received("AED") for _ in range(27)}
    others = {hall.received("AEM")}
    for sort in ("received", "-received", "due", "-due"):
        pages = every_page(zoe, f"/demandes/non-traitees?procedure=AED&sort={sort}")
        listed = [reference for page in pages for reference in page]
        assert [len(page) for page in pages] == [25, 2]
        assert len(listed) == len(set(listed))
        assert set(listed) == expected
        assert not others & set(listed)
    forward = every_page(zoe, "/demandes/non-traitees?procedure=AED&sort=received&size=100")
    backward = every_page(zoe, "/demandes/non-traitees?procedure=AED&sort=-received&size=100")
    assert forward[0] == backward[0][::-1]


def test_criteria_stand_as_chips_that_can_be_removed(hall: Hall, zoe: Browser) -> None:
    hall.received()
    page = zoe.get("/demandes/service?procedure=AEN&status=NON_TRAITEE&received_from=2027-03-01&late=1")
    chips = [html.unescape(href) for href in re.findall(r'<a class="chip" href="([^"]+)"', page.text)]
    assert len(chips) == 4
    names = ("procedure=", "status=", "received_from=", "late=")
    for chip in chips:
        assert zoe.get(chip).status_code == 200
        assert sum(name in chip for name in names) == len(names) - 1


def test_days_are_local_and_inclusive(fresh_hall: Hall) -> None:
    fresh_hall.clock.now = datetime(2027, 3, 9, 22, 59, tzinfo=UTC)
    before_midnight = fresh_hall.received("AEM")
    fresh_hall.clock.move(minutes=2)
    after_midnight = fresh_hall.received("AEM")
    page = fresh_hall.browser("zoe").get("/demandes/non-traitees?received_from=2027-03-10&received_to=2027-03-10")
    assert references(page.text) == [after_midnight]
    assert before_midnight not in page.text


def test_late_and_soon_late_are_said_in_words(fresh_hall: Hall) -> None:
    reference = fresh_hall.received("AEM")
    fresh_hall.clock.move(days=1)
    assert "Bientôt" in text(fresh_hall.browser("zoe").get("/demandes/non-traitees"))
    fresh_hall.clock.move(days=10)
    page = fresh_hall.browser("zoe").get("/demandes/non-traitees?late=1")
    assert "En retard" in text(page)
    assert references(page.text) == [reference]


@pytest.mark.parametrize(
    "query",
    [
        "size=7",
        "size=beaucoup",
        "size=99999999999999999999999",
        "sort=name",
        "status=PERDUE",
        "received_from=hier",
        "received_to=9999-12-31",
        "received_from=0001-01-01",
        "cursor=n-importe-quoi",
        "cursor=WyJyZWNlaXZlZCIsMSwxXQ&sort=due",
        "cherche=forged",
        "reference=" + "A" * 200,
    ],
)
def test_impossible_criteria_are_explained(zoe: Browser, query: str) -> None:
    answer = zoe.get(f"/demandes/service?{query}")
    assert answer.status_code == 422
    assert "Aucun résultat tant que les critères ne sont pas corrigés" in text(answer)


@pytest.mark.parametrize("query", ["procedure=NOPE", "agent=nobody", "reference=%F0%9F%98%80", "procedure='--"])
def test_criteria_that_find_nothing_say_so(zoe: Browser, query: str) -> None:
    answer = zoe.get(f"/demandes/service?{query}")
    assert answer.status_code in (200, 422)
    assert references(answer.text) == []


def test_an_empty_list_says_why_and_what_to_do(hall: Hall, max_: Browser, zoe: Browser) -> None:
    for address in ADDRESSES:
        assert '<div class="empty">' in max_.get(f"/demandes/{address}").text
    reference = hall.taken("luc")
    wrong = reference[:-1] + ALPHABET[(ALPHABET.index(reference[-1]) + 1) % 32]
    assert "mal recopiée" in text(zoe.get(f"/demandes/en-cours?reference={wrong}"))
    assert f"Ouvrir la demande {reference}" in text(zoe.get(f"/demandes/en-cours?reference={reference}"))
    assert "Ouvrir la demande" not in text(max_.get(f"/demandes/service?reference={reference}"))


def test_a_loosely_typed_reference_is_found(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    loose = reference.lower().replace("-", "")
    assert references(zoe.get(f"/demandes/service?reference={loose}").text) == [reference]


def test_several_services_are_told_apart(hall: Hall, hugo: Browser, zoe: Browser) -> None:
    mine, other = hall.received("AEN"), hall.received("SIG")
    for address in ("service", "non-traitees"):
        page = hugo.get(f"/demandes/{address}?service=Urbanisme+et+domaine+public&size=100").text
        assert other in references(page)
        assert mine not in references(page)
        assert '<select id="f-service"' in page
    assert '<select id="f-service"' not in zoe.get("/demandes/service").text
    assert references(zoe.get("/demandes/service?service=Urbanisme+et+domaine+public").text) == []


def test_untreated_demands_are_searched_by_who_was_designated(hall: Hall, zoe: Browser, luc: Browser) -> None:
    designated, free = hall.received(), hall.received()
    luc.post(f"/demandes/{designated}/reattribution", agent="zoe")
    whole = zoe.get("/demandes/non-traitees").text
    link = re.search(r'<a class="for-you" href="([^"]+)">.*?</svg> (\d+) demandes? pour vous</a>', whole)
    assert link is not None
    page = zoe.get(f"{html.unescape(link[1])}&size=100").text
    assert len(references(page)) == int(link[2])
    assert "demandes pour vous" not in text(luc.get("/demandes/non-traitees"))
    assert designated in references(page)
    assert free not in references(page)
    assert "Désignée pour" in page


def test_demands_on_hold_are_sorted_by_since_when_they_wait(fresh_hall: Hall) -> None:
    held = []
    for _ in range(3):
        held.append(fresh_hall.held())
        fresh_hall.clock.move(minutes=1)
    zoe = fresh_hall.browser("zoe")
    page = zoe.get("/demandes/en-attente?sort=-since").text
    assert references(page) == held[::-1]
    assert re.search(r'aria-sort="descending">\s*<a class="sorter"[^>]*>En attente depuis le', page)
    assert zoe.get("/demandes/en-cours?sort=since").status_code == 422


def test_the_title_carries_the_count(zoe: Browser) -> None:
    assert re.search(r"<title>Non traitées \(\d+\) · Suivi</title>", zoe.get("/demandes/non-traitees").text)


def test_a_closed_demand_leaves_the_lists_with_its_name(hall: Hall, zoe: Browser) -> None:
    reference = hall.closed()
    page = zoe.get(f"/demandes/service?reference={reference}").text
    assert references(page) == []
    assert MARIE.first_name not in page


def test_a_filtered_list_says_how_many_results_it_has(fresh_hall: Hall) -> None:
    references = [fresh_hall.received("AED") for _ in range(26)]
    zoe = fresh_hall.browser("zoe")
    for query, tally in (
        (f"reference={references[0]}", "1 résultat"),
        ("procedure=AED", "plus de 25 résultats"),
        ("procedure=AED&size=50", "26 résultats"),
        ("procedure=AEM", "aucun résultat"),
    ):
        page = zoe.get(f"/demandes/non-traitees?{query}").text
        assert f"<title>Non traitées ({tally}) · Suivi</title>" in page
        assert f'<span class="h1-count">{tally}</span>' in page


def test_the_numbers_beside_the_sections_are_told_again_as_pages_show_them(hall: Hall, zoe: Browser) -> None:
    hall.received()
    counted = zoe.get("/compteurs").json
    shown = re.findall(r'data-count="([^"]+)">([^<]+)<', zoe.get("/demandes/non-traitees").text)
    assert counted == dict(shown)
    assert set(counted) == {f"/demandes/{address}" for address in ADDRESSES}
    hall.received()
    assert zoe.get("/compteurs").json["/demandes/non-traitees"] == str(int(counted["/demandes/non-traitees"]) + 1)


def test_the_home_tile_says_which_late_demands_it_counts(zoe: Browser) -> None:
    assert "en cours, en retard" in text(zoe.get("/"))


def test_the_form_of_criteria_follows_the_list_as_it_stands(zoe: Browser, hugo: Browser) -> None:
    """While nothing is asked for it is written once; what it carries along and offers is that of the moment."""
    for browser, address, size, sort in (
        (zoe, "/demandes/service", "25", "received"),
        (zoe, "/demandes/service?size=50&sort=-due", "50", "-due"),
        (hugo, "/demandes/service", "25", "received"),
    ):
        page = browser.get(address).text
        form = page[page.index('class="criteria-form"') : page.index("</form>", page.index('class="criteria-form"'))]
        assert (hidden(form, "size"), hidden(form, "sort")) == (size, sort)
        assert browser.post("/demandes/service", csrf_token=hidden(form, "csrf_token")).status_code == 303
        assert ('name="service"' in form) == (browser is hugo)
        assert "\0" not in page


def test_two_pages_carry_command_ids_of_their_own(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    fresh_hall.received()
    ids = [re.findall(r'name="command_id" value="([^"]+)"', zoe.get("/demandes/non-traitees").text) for _ in "ab"]
    assert len({*ids[0], *ids[1]}) == len(ids[0]) + len(ids[1]) > 2
