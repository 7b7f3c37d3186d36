"""Letters looked at before they leave, the printable sheet, one's account and the help, with and without scripts."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Served
from tests.browser.test_whole_life import log_in
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


PAGE_RULES = """[...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
    .filter(rule => rule instanceof CSSPageRule).map(rule => rule.cssText)"""
"""What Chromium understood of the rules for printed pages."""


@pytest.mark.parametrize("browser", ["wide", "no-script"], indirect=True)
def test_a_letter_is_looked_at_then_sent_and_stands_on_the_printable_sheet(
    served: Served, browser: BrowserContext, reader: Page | None
) -> None:
    reference = served.submit()
    before = len(served.letterbox.wait_for("zoe@example.org", 1))
    watched = Watched(browser, served.base_url, reader)
    page = watched.page
    log_in(watched, "lea")
    watched.go(f"/demandes/{reference}")
    with page.expect_navigation():
        page.get_by_role("link", name="Écrire à l’usager…").click()
    page.locator("[name=body]").fill("Bonjour,\n\nApportez l’original <b>mardi</b>.")
    watched.press("Aperçu avant envoi")
    expect(page.locator("pre.letter")).to_have_text("Bonjour,\n\nApportez l’original <b>mardi</b>.")
    watched.press("Envoyer")
    expect(page.get_by_text("Vous avez envoyé un courriel à l’usager")).to_be_visible()
    letters = served.letterbox.wait_for("zoe@example.org", before + 1)
    assert any("Apportez l’original <b>mardi</b>." in letter.get_content() for letter in letters)

    watched.go(f"/demandes/{reference}/fiche")
    expect(page.get_by_text("Apportez l’original <b>mardi</b>.")).to_be_visible()
    expect(page.get_by_role("button", name="Imprimer")).to_be_visible(visible=reader is None)
    if reader is None:
        feet = page.evaluate(PAGE_RULES)
        assert any(f"Mairie de Saint-Aubin · {reference}" in foot for foot in feet), feet
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.get_by_role("heading", name="Historique")).to_be_visible()
    page.emulate_media(media="screen")
    assert watched.noise == []


@pytest.mark.parametrize("browser", ["wide", "no-script"], indirect=True)
def test_the_account_and_the_help_are_fit_for_everybody(
    served: Served, browser: BrowserContext, reader: Page | None
) -> None:
    watched = Watched(browser, served.base_url, reader)
    page = watched.page
    log_in(watched, "lea")
    watched.go("/compte")
    page.locator("[name=present]").fill("un autre mot de passe")
    for name in ("password", "confirmation"):
        page.locator(f"[name={name}]").fill("quatre kayaks rouges")
    watched.press("Changer mon mot de passe")
    expect(page.get_by_text("Ce n’est pas votre mot de passe actuel.")).to_be_visible()
    expect(page.locator("[name=present]")).to_have_value("")
    watched.noise.clear()  # a browser notes the 422

    watched.go("/aide/voir-les-demandes")
    for _ in range(6):
        picture = page.locator(".screen img")
        expect(picture).to_have_attribute("alt", re.compile(".{60}"))
        expect(picture).to_be_visible()
        with page.expect_navigation():
            page.locator("a[rel=next]").click()
    watched.check()
    expect(page.get_by_role("heading", name="Consulter le journal")).to_be_visible()
    assert watched.noise == []
