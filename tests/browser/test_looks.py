"""The pages in the dark, and those of a telephone that other scenarios see on a desk alone: axe finds no fault."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
PAGES = (
    "/",
    "/demandes/non-traitees",
    "/demandes/en-cours",
    "/demandes/en-attente",
    "/demandes/service?late=1&sort=-due",
    "/journal",
    "/statistiques",
    "/operations",
    "/filtres",
    "/compte",
    "/aide",
    "/aide/courriel",
)
OF_A_DEMAND = ("", "/historique", "/cloture", "/courriel/contact", "/fiche", "?action=reassign")


def in_hand(camille: Watched) -> str:
    """The address of a demand in progress whose applicant may be written to."""
    camille.page.goto(f"{camille.base_url}/demandes/service?status=EN_COURS_DE_TRAITEMENT&size=100")
    for reference in camille.page.locator("tbody th a").all_inner_texts():
        camille.page.goto(f"{camille.base_url}/demandes/{reference}")
        if camille.page.locator(f'a[href="/demandes/{reference}/courriel/contact"]').count():
            return f"/demandes/{reference}"
    raise LookupError("nobody in progress left an address")


def ticked(camille: Watched, action: str) -> None:
    """The page that asks to confirm an action on two demands of her own."""
    camille.page.goto(f"{camille.base_url}/demandes/en-cours")
    for box in camille.page.locator("[name=references][type=checkbox]").all()[:2]:
        box.check()
    with camille.page.expect_navigation():
        camille.page.locator("#selection").get_by_role("button", name=action, exact=True).click()


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_the_dark_scheme_has_no_fault(camille: Watched) -> None:
    camille.page.emulate_media(color_scheme="dark")
    ground = camille.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in ground.strip("rgb()").split(",")) < 64, f"{ground} is not dark"
    demand = in_hand(camille)
    for address in (*PAGES, *(demand + rest for rest in OF_A_DEMAND)):
        camille.go(address)
    camille.go("/demandes/service?received_from=hier", status=422)
    ticked(camille, "Clôturer")
    camille.check()
    camille.page.locator("form.logout").evaluate("form => form.requestSubmit()")
    camille.page.wait_for_url("**/connexion*")
    camille.check()
    assert camille.noise == []


@pytest.mark.parametrize("browser", ["narrow"], indirect=True)
def test_a_telephone_with_scripts_shows_every_step_without_a_fault(camille: Watched) -> None:
    demand = in_hand(camille)
    for address in ("/compte", "/operations", *(demand + rest for rest in OF_A_DEMAND)):
        camille.go(address)
    for action in ("Étiquettes", "Clôturer", "Réattribuer", "Ajouter un événement"):
        ticked(camille, action)
        expect(camille.page.locator("h1")).to_contain_text(re.compile("[12] demande"))  # one may have no postal address
        camille.check()
    assert camille.noise == []
