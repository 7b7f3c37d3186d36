"""The lists by mouse, by keyboard and without a script: ticking, all results, shortcuts, filters, print."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Served
from tests.browser.test_whole_life import log_in
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
NUMBER = 27


@pytest.fixture(scope="module")
def filled(served: Served) -> Served:
    """More untreated demands than one page holds."""
    for number in range(NUMBER):
        served.submit(last_name=f"Nuñez{number}", email=None)
    return served


@pytest.mark.parametrize("browser", ["wide", "no-script"], indirect=True)
def test_lists_are_ticked_kept_and_searched(filled: Served, browser: BrowserContext, reader: Page | None) -> None:
    """The same with scripts and without; each page is looked at in both widths."""
    watched = Watched(browser, filled.base_url, reader)
    log_in(watched, "lea")
    watched.go("/demandes/non-traitees")
    page, boxes = watched.page, watched.page.locator("[name=references]")
    page.get_by_role("link", name="Tout cocher").click()
    expect(page.locator("[name=references]:checked")).to_have_count(25)
    watched.check()
    page.get_by_label(f"Sélectionner les {NUMBER} résultats").check()
    page.get_by_role("link", name="Tout décocher").click()
    expect(page.locator("[name=references]:checked")).to_have_count(0)
    expect(page.get_by_label(f"Sélectionner les {NUMBER} résultats")).not_to_be_checked()
    boxes.first.check()
    watched.check()
    page.locator("summary", has_text="Rechercher et filtrer").click()
    page.get_by_label("Usager").fill("nunez2")
    page.get_by_label("Démarche").select_option("BRO")
    watched.press("Rechercher")
    expect(page.locator(".list tbody tr")).to_have_count(8)
    assert "nunez" not in page.url
    watched.unfold("Enregistrer ces critères")
    page.get_by_label("Nom du filtre").fill("Mes essais")
    watched.press("Enregistrer")
    expect(page.locator(".own-filters [aria-current]")).to_have_text("Mes essais")
    expect(page.locator(".list tbody tr")).to_have_count(25)
    watched.go("/filtres")
    watched.press("Supprimer Mes essais")
    assert watched.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_keys_act_outside_fields_and_can_be_switched_off(filled: Served, browser: BrowserContext) -> None:
    """« / » searches, « j » and « k » walk, « x » ticks, « ? » helps."""
    watched = Watched(browser, filled.base_url)
    log_in(watched, "lea")
    watched.go("/demandes/non-traitees")
    page = watched.page
    ticked = page.locator("[name=references]:checked")
    for key in "jjkjx":
        page.keyboard.press(key)
    assert ticked.get_attribute("value") == page.locator("[name=references]").nth(1).get_attribute("value")
    expect(page.locator(".selection [data-ticked]")).to_have_text("1 sélectionnée")
    expect(page.locator("tr.is-here a.reference")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#recherche")).to_be_focused()
    page.keyboard.type("x/j?")
    expect(page.locator("#recherche")).to_have_value("x/j?")
    expect(ticked).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("?")
    page.wait_for_url(re.compile("raccourcis-clavier"))
    page.get_by_role("button", name="Désactiver les raccourcis sur ce poste").click()
    page.goto(f"{filled.base_url}/demandes/non-traitees")
    for key in "jx":
        page.keyboard.press(key)
    expect(ticked).to_have_count(1)
    assert watched.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_a_printed_list_is_the_table_with_its_criteria(filled: Served, browser: BrowserContext) -> None:
    """On paper: no bars, no buttons, no boxes; the town, the day, the criteria and the columns."""
    watched = Watched(browser, filled.base_url)
    log_in(watched, "lea")
    watched.go("/demandes/non-traitees?procedure=BRO")
    page = watched.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    for hidden in (".bar", ".tabs", ".criteria", ".tick-tools", ".selection", ".list-foot", ".foot"):
        expect(page.locator(hidden).first).to_be_hidden()
    for hidden in (".list .tick", ".list tbody .row-actions"):
        expect(page.locator(hidden).first).to_be_hidden()
    for shown in (".printed", ".chip", ".list thead", ".list tbody .reference"):
        expect(page.locator(shown).first).to_be_visible()
    assert page.locator(".list tbody tr").first.evaluate("row => getComputedStyle(row).display") == "table-row"
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_no_list_scrolls_the_page_sideways_at_any_width(filled: Served, browser: BrowserContext) -> None:
    """The widest rows: somebody else's name, long words, and the button that takes a demand in charge."""
    watched = Watched(browser, filled.base_url)
    filled.submit(last_name="Rakotomalala-Andriamanantsoa", first_name="Marie-Françoise")
    log_in(watched, "lea")
    page = watched.page
    for address in ("/demandes/service?size=50", "/demandes/non-traitees?size=50"):
        page.goto(filled.base_url + address)
        expect(page.get_by_role("button", name="Prendre en compte").first).to_be_visible()
        for width in (1440, 1280, 1160, 1024, 900, 721, 720, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (address, width)


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_a_name_of_a_hundred_letters_pushes_no_button_out_of_sight(filled: Served, browser: BrowserContext) -> None:
    watched = Watched(browser, filled.base_url)
    filled.submit(last_name="N" * 100, first_name="P" * 100, email=None)
    log_in(watched, "lea")
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{filled.base_url}/demandes/non-traitees?sort=-received")
    expect(page.get_by_text("NNNNNNNN").first).to_be_visible()
    for button in page.get_by_role("button", name="Prendre en compte").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1280


def stored(page: Page) -> dict[str, str]:
    """What this tab keeps of ticks."""
    found: dict[str, str] = page.evaluate("Object.fromEntries(Object.entries(sessionStorage))")
    return {key: kept for key, kept in found.items() if key.startswith("suivi-")}


def tick(page: Page, *places: int) -> set[str]:
    """Tick some rows of the page; their references."""
    boxes = page.locator("[name=references][type=checkbox]")
    for place in places:
        boxes.nth(place).check()
    return {boxes.nth(place).get_attribute("value") or "" for place in places}


@pytest.mark.parametrize("browser", ["wide", "narrow"], indirect=True)
def test_ticks_stay_from_page_to_page_until_they_have_served(filled: Served, browser: BrowserContext) -> None:
    """Ticked on two pages, found again, sent together, come back to, carried out, forgotten; and gone with a logout."""
    watched = Watched(browser, filled.base_url)
    page, line = watched.page, watched.page.locator("[data-elsewhere]")
    log_in(watched, "lea")
    watched.go("/demandes/non-traitees")
    expect(line).to_be_hidden()
    chosen = tick(page, 0, 3)
    page.get_by_role("link", name="Page suivante").click()
    page.wait_for_url(re.compile("cursor="))
    expect(line).to_contain_text("2 cochées, dont 2 sur d’autres pages")
    chosen |= tick(page, 1)
    expect(line).to_contain_text("3 cochées, dont 2 sur d’autres pages")
    expect(page.locator(".selection [data-ticked]").first).to_have_text("3 sélectionnées")
    watched.check()
    page.go_back()
    expect(line).to_contain_text("3 cochées, dont 1 sur une autre page")
    expect(page.locator("[name=references]:checked")).to_have_count(2)
    assert [set(kept.split()) for kept in stored(page).values()] == [chosen]
    watched.go("/demandes/non-traitees?procedure=BRO")
    expect(line).to_be_hidden()
    watched.go("/demandes/non-traitees")

    watched.press("Ajouter un événement")
    expect(page.locator("h1")).to_have_text("Ajouter un événement à 3 demandes")
    page.locator("summary", has_text="Voir les références").click()
    assert {one.inner_text() for one in page.locator(".references a").all()} == chosen
    page.locator(".references a").first.click()
    page.wait_for_url(re.compile("/demandes/[A-Z]{3}-"))
    page.go_back()
    expect(page.locator("h1")).to_have_text("Ajouter un événement à 3 demandes")
    page.reload()
    watched.check()
    page.locator("[name=event_type]").select_option(index=1)
    watched.press("Ajouter l’événement à 3 demandes")
    assert "/operations/" in page.url
    assert stored(page) == {}
    watched.go("/demandes/non-traitees")
    expect(page.locator("[name=references]:checked")).to_have_count(0)

    page.get_by_role("link", name="Tout cocher").click()
    page.get_by_role("link", name="Page suivante").click()
    expect(line).to_contain_text("25 cochées, dont 25 sur d’autres pages")
    line.get_by_role("button", name="Tout décocher").click()
    expect(line).to_be_hidden()
    assert stored(page) == {}
    tick(page, 0)
    assert len(stored(page)) == 1
    page.locator("form.logout").evaluate("form => form.requestSubmit()")
    page.wait_for_url(re.compile("connexion"))
    assert stored(page) == {}
    assert watched.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_a_refused_confirmation_keeps_the_ticks(filled: Served, browser: BrowserContext) -> None:
    """What was refused did not serve: another operation that is looked at afterwards takes no tick away."""
    watched = Watched(browser, filled.base_url)
    page = watched.page
    log_in(watched, "lea")
    watched.go("/demandes/non-traitees")
    tick(page, 1)
    watched.press("Ajouter un événement")
    page.locator("[name=event_type]").select_option(index=1)
    watched.press("Ajouter l’événement à 1 demande")
    earlier = page.url
    watched.go("/demandes/non-traitees")
    tick(page, 0)
    watched.press("Ajouter un événement")
    page.locator("form[data-confirms]").evaluate("form => { form.noValidate = true; }")
    watched.press("Ajouter l’événement à 1 demande")
    expect(page.locator("[role=alert]").first).to_contain_text("Rien n’est encore fait")
    watched.go("/demandes/non-traitees")
    page.goto(earlier)
    watched.go("/demandes/non-traitees")
    expect(page.locator("[name=references]:checked")).to_have_count(1)
