"""The header on a wide and on a narrow screen, with and without scripts; what unfolds below a row of the journal."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import Served
from tests.browser.test_whole_life import log_in
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
NARROW, WIDE = {"width": 390, "height": 900}, {"width": 1280, "height": 900}
TOOLS = ("Journal", "Statistiques", "Aide", "Léa Martin")
SECTIONS = ("Accueil", "En cours : 0", "Non traitées : 1", "En attente : 0", "Du service : 1")


@pytest.fixture(scope="module")
def filled(served: Served) -> Served:
    served.submit()
    return served


@pytest.fixture
def watched(filled: Served, browser: BrowserContext, reader: Page | None) -> Watched:
    watched = Watched(browser, filled.base_url, reader)
    log_in(watched, "lea")
    return watched


def lines(shown: list[Locator]) -> int:
    """How many lines these things stand on: tops that lie apart."""
    boxes = sorted((box["y"], box["height"]) for one in shown if (box := one.bounding_box()) is not None)
    bottoms = [top + height for top, height in boxes]
    return 1 + sum(top >= bottom for (top, _), bottom in zip(boxes[1:], bottoms, strict=False))


@pytest.mark.parametrize("browser", ["narrow", "no-script"], indirect=True)
def test_on_a_telephone_the_header_has_two_lines_and_all_sections_in_sight(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size(NARROW)
    menu, search = page.get_by_role("button", name="Menu", exact=True), page.get_by_role("searchbox")
    sections = [page.locator("#sections a", has_text=re.compile(rf"^{name.split(' :')[0]}")) for name in SECTIONS]
    assert lines([page.locator(".brand"), search, menu]) == lines(sections) == 1
    assert lines([page.locator(".brand"), search, menu, *sections]) == 2
    for name in SECTIONS:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)
    header = page.locator("header.bar").bounding_box()
    assert header is not None
    assert header["height"] < 125


@pytest.mark.parametrize("browser", ["narrow", "no-script"], indirect=True)
def test_on_a_telephone_the_tools_unfold_from_a_menu_that_escape_folds(watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size(NARROW)
    expect(page.locator("#menu")).to_be_hidden()
    menu, nav = page.get_by_role("button", name="Menu", exact=True), page.get_by_role("navigation", name="Outils")
    menu.focus()
    page.keyboard.press("Enter")
    for name in TOOLS:
        expect(nav.get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)
    expect(nav.get_by_role("button", name="Déconnexion")).to_be_in_viewport(ratio=1)
    watched.check()
    page.keyboard.press("Tab")
    expect(nav.get_by_role("link", name="Journal")).to_be_focused()
    page.keyboard.press("Escape")
    expect(nav).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    nav.get_by_role("link", name="Statistiques").click()
    page.wait_for_url(re.compile("/statistiques"))
    assert watched.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_on_a_wide_screen_the_tools_stand_in_the_bar_and_no_menu(watched: Watched) -> None:
    page = watched.page
    expect(page.locator(".menu-button")).to_be_hidden()
    nav = page.get_by_role("navigation", name="Outils")
    shown = [page.locator(".brand"), page.get_by_role("searchbox"), *(nav.get_by_role("link").all())]
    assert len(shown) == 2 + len(TOOLS)
    assert lines(shown) == 1
    watched.press("Déconnexion")
    page.wait_for_url(re.compile("/connexion"))


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_escape_empties_the_search_box_then_leaves_it(watched: Watched) -> None:
    page, box = watched.page, watched.page.get_by_role("searchbox")
    watched.go("/demandes/non-traitees")
    page.keyboard.press("/")
    page.keyboard.type("nunez")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    assert page.url.endswith("/demandes/non-traitees")
    page.keyboard.press("j")
    expect(page.locator("tr.is-here")).to_have_count(1)


@pytest.mark.parametrize("browser", ["wide", "narrow", "no-script"], indirect=True)
def test_milestones_unfold_over_the_whole_width_below_their_row(filled: Served, watched: Watched) -> None:
    page, reference = watched.page, filled.submit(email=None)
    watched.go(f"/demandes/{reference}")
    watched.press("Prendre en compte")
    watched.go(f"/demandes/{reference}/cloture")
    page.locator("[name=outcome]").select_option("traitee")
    watched.press("Clôturer la demande")
    watched.go(f"/journal?reference={reference}")
    steps = page.get_by_role("list", name=f"Jalons de {reference}")
    expect(steps).to_be_hidden()
    page.locator("summary", has_text=reference).click()
    expect(steps).to_be_visible()
    watched.check()
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        table, shown, row = (
            page.locator(one).bounding_box() for one in ("table.list", f"#jalons-{reference}", "tbody tr >> nth=0")
        )
        assert table is not None
        assert shown is not None
        assert row is not None
        assert shown["width"] > 0.98 * table["width"]
        assert shown["y"] >= row["y"] + row["height"] - 1
    assert watched.noise == []
