"""The rest of an agent's day: labels, many demands closed at once, figures and journal, with and without scripts."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import Served
from tests.browser.test_whole_life import log_in
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
HOME = {"address": {"line1": "12 rue des Lilas", "postal_code": "67000", "city": "Strasbourg"}}


@pytest.mark.parametrize("browser", ["wide", "no-script"], indirect=True)
def test_many_demands_are_labelled_then_closed_at_once_and_counted(
    served: Served, browser: BrowserContext, reader: Page | None
) -> None:
    watched = Watched(browser, served.base_url, reader)
    page = watched.page
    log_in(watched, "lea")
    references = [served.submit(email=None, **HOME), served.submit(last_name="Đặng"), served.submit(email=None)]
    for reference in references:
        watched.page.goto(f"{served.base_url}/demandes/non-traitees")
        row = page.locator("tr", has=page.get_by_role("link", name=reference, exact=True))
        with page.expect_navigation():
            row.get_by_role("button", name="Prendre en compte").click()

    _ticked(watched, references)
    _chosen(watched, "Étiquettes")
    expect(page.get_by_text("adresse postale").first).to_be_visible()
    with page.expect_download() as sheet:
        page.get_by_role("button", name=re.compile("étiquette", re.IGNORECASE)).last.click()
    (label,) = PdfReader(sheet.value.path()).pages
    assert label.extract_text().split("\n") == ["Mme Zoé Nuñez", "12 rue des Lilas", "67000 Strasbourg"]

    _ticked(watched, references)
    _chosen(watched, "Clôturer")
    page.locator("[name=outcome]").select_option("traitee")
    watched.press("Clôturer 3 demandes sans courriel")
    assert "/operations/" in page.url
    while not page.get_by_text("Terminé le").count():
        page.reload()
    expect(page.locator("strong", has_text="3 sur 3")).to_be_visible()
    watched.check()
    watched.go("/demandes/en-cours")
    for reference in references:
        expect(page.get_by_role("link", name=reference, exact=True)).to_have_count(0)

    watched.go("/statistiques")
    expect(page.get_by_role("heading", name="Statistiques")).to_be_visible()
    watched.go("/journal")
    expect(page.get_by_text(references[0]).first).to_be_visible()
    assert watched.noise == []


def _ticked(watched: Watched, references: list[str]) -> None:
    watched.go("/demandes/en-cours")
    for reference in references:
        watched.page.get_by_label(f"Cocher {reference}").check()


def _chosen(watched: Watched, name: str) -> None:
    with watched.page.expect_navigation():
        watched.page.locator("#selection").get_by_role("button", name=name, exact=True).click()
    watched.check()
