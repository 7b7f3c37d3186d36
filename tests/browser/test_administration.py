"""The administrators’ pages and one’s account: all is done with a mouse, at both widths, with and without scripts."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NOBODY, PASSWORD, Served
from tests.browser.test_whole_life import log_in
from tests.browser.watching import Watched
from tests.faults.waiting import PROMISED_S, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
PROCEDURE = "/administration/demarches/BRO"


@pytest.fixture(scope="module")
def administrator(served: Served) -> str:
    """Somebody who administers and works on no demand."""
    environment = os.environ | {"SUIVI_DATA_DIR": str(served.directory / "var")}
    for words, given in (
        (["create", "ada", "--name", "Ada Réglages", "--email", "ada@mairie.example", "--role", "admin"], None),
        (["set-password", "ada"], PASSWORD + "\n"),
    ):
        command = [sys.executable, "-m", "suivi.cli", "agent", *words]
        subprocess.run(command, env=environment, input=given, text=True, check=True, capture_output=True)
    return "ada"


@pytest.mark.parametrize("browser", ["wide", "no-script"], indirect=True)
def test_an_administrator_sends_again_and_decides(
    served: Served, administrator: str, browser: BrowserContext, reader: Page | None
) -> None:
    reference = served.submit(email=f"{NOBODY}@example.org")
    watched = Watched(browser, served.base_url, reader)
    page = watched.page
    log_in(watched, administrator)
    watched.go("/administration")
    with page.expect_navigation():
        page.get_by_role("link", name="Courriels").first.click()
    _send_again(watched, reference)
    _change_settings(watched)
    _change_procedure(watched)
    _complete_service(watched)
    _change_vocabulary(watched)
    watched.go("/compte")
    assert watched.noise == []


def _send_again(watched: Watched, reference: str) -> None:
    page, failed = watched.page, f"/administration/courriels?state=failed&reference={reference}"

    def refused() -> bool:
        page.goto(watched.base_url + failed)
        return page.get_by_role("button", name="Renvoyer").count() == 1

    until(refused, PROMISED_S, "the letter is refused")
    watched.check()
    expect(page.get_by_text("le serveur de messagerie l’a refusé")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Renvoyer").click()
    watched.check()
    expect(page.get_by_text("de nouveau en attente d’envoi").first).to_be_visible()
    watched.unfold("Rechercher et filtrer")
    page.locator("[name=kind]").select_option("registration_receipt")
    page.locator("[name=reference]").last.fill(reference.lower())
    with page.expect_navigation():
        page.locator(".criteria-form button[type=submit]").click()
    watched.check()
    expect(page.get_by_text("renvoyé par Ada Réglages")).to_be_visible()


def _change_settings(watched: Watched) -> None:
    page = watched.page
    watched.go("/administration/reglages")
    page.locator("[name=expiry_warning_days]").fill("bientôt")
    watched.press("Enregistrer les réglages")
    expect(page.locator("#f-expiry_warning_days-error")).to_be_visible()
    watched.noise.clear()  # a browser notes the 422
    page.locator("[name=expiry_warning_days]").fill("20, 5")
    watched.press("Enregistrer les réglages")
    expect(page.locator("[name=expiry_warning_days]")).to_have_value("20, 5")


def _change_procedure(watched: Watched) -> None:
    page = watched.page
    watched.go("/administration/demarches")
    watched.go(PROCEDURE)
    days = "77" if page.locator("[name=deletion_delay_days]").input_value() != "77" else "78"
    page.locator("[name=deletion_delay_days]").fill(days)
    watched.press("Enregistrer la démarche")
    expect(page.get_by_text("Rien n’est encore enregistré.")).to_be_visible()
    watched.press(f"Confirmer la suppression après {days} jours")
    expect(page.locator("[name=deletion_delay_days]")).to_have_value(days)
    watched.unfold("Avis de prise en compte")
    with page.expect_navigation():
        page.locator("button[name=preview][value=acknowledgement]").click()
    watched.check()
    expect(page.locator("pre.letter")).to_contain_text("Mme Camille Exemple")


def _complete_service(watched: Watched) -> None:
    page, phone = watched.page, _phone(watched)
    watched.go("/administration/services")
    with page.expect_navigation():
        page.get_by_role("link", name="État civil", exact=True).click()
    watched.check()
    page.locator("[name=address]").fill("1 place de la Mairie\n68000 Colmar")
    page.locator("[name=email]").fill("pas une adresse")
    page.locator("[name=phone]").fill(phone)
    watched.press("Enregistrer les coordonnées")
    expect(page.locator("#f-email-error")).to_be_visible()
    watched.noise.clear()  # a browser notes the 422
    page.locator("[name=email]").fill("etat-civil@mairie.example")
    watched.press("Enregistrer les coordonnées")
    expect(page.get_by_text("Les coordonnées du service « État civil » sont enregistrées").first).to_be_visible()
    expect(page.get_by_role("row", name="État civil").get_by_text(phone)).to_be_visible()


def _phone(watched: Watched) -> str:
    """Another number for each browser, so that something changes."""
    return "03 88 00 00 00" if watched.reader is None else "03 88 11 11 11"


def _change_vocabulary(watched: Watched) -> None:
    page, label = watched.page, "Photo reçue" if watched.reader is None else "Plan reçu"
    watched.go("/administration/vocabulaires")
    watched.unfold("Ajouter : Types d’événement")
    page.locator("#label-event_type").fill(label)
    page.locator("#code-event_type").fill("marie@exemple.fr")
    with page.expect_navigation():
        page.locator("#event_type form button[type=submit]").click()
    watched.check()
    expect(page.locator("#code-event_type-error")).to_be_visible()
    watched.noise.clear()  # a browser notes the 422
    page.locator("#code-event_type").fill(label.lower())
    with page.expect_navigation():
        page.locator("#event_type form button[type=submit]").click()
    watched.check()
    with page.expect_navigation():
        page.get_by_role("link", name=label, exact=True).click()
    watched.check()
    watched.press("Retirer du choix")
    expect(page.get_by_role("row", name=label).get_by_text("retiré")).to_be_visible()
