"""One whole life through the real pages: received, taken, told, marked, held, reassigned, closed, remembered."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, Served
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def log_in(watched: Watched, code: str) -> None:
    watched.go("/connexion")
    watched.page.get_by_label("Je saisis mon code agent").fill(code)
    watched.page.locator("[name=password]").fill(PASSWORD)
    watched.press("Je valide")


def test_a_whole_life_is_played_through_the_pages(served: Served, browser: BrowserContext, reader: Page | None) -> None:
    """The guide's own story, by a mouse and a keyboard; letters reach a real mail server."""
    before = len(served.letterbox.wait_for("zoe@example.org", 0))
    reference = served.submit()
    watched = Watched(browser, served.base_url, reader)
    log_in(watched, "lea")
    _take_and_tell(watched, reference)
    _mark_and_hold(watched, reference)
    _reassign_and_close(watched, reference)
    _remember(watched, reference)

    letters = served.letterbox.wait_for("zoe@example.org", before + 3)[before:]
    told = [letter for code in ("lea", "max") for letter in served.letterbox.wait_for(f"{code}@mairie.example", 1)]
    assert not any("NUÑEZ" in letter.get_content().upper() for letter in told), "nothing personal to agents"
    assert any("bonnes mains" in letter.get_content() for letter in letters)
    assert any("Acte expédié ce jour." in letter.get_content() for letter in letters)
    _nothing_left(served.directory)


def _take_and_tell(watched: Watched, reference: str) -> None:
    page = watched.page
    watched.go("/demandes/non-traitees")
    expect(page.get_by_role("cell", name="NUÑEZ Zoé").first).to_be_visible()
    watched.go(f"/demandes/{reference}")
    expect(page.get_by_text("Extrait sans filiation")).to_be_visible()
    watched.press("Prendre en compte")

    assert page.url.endswith(f"/demandes/{reference}/courriel/prise-en-compte")
    page.locator("[name=body]").fill("Bonjour, votre demande est entre de bonnes mains.")
    watched.press("Envoyer")


def _mark_and_hold(watched: Watched, reference: str) -> None:
    page = watched.page
    watched.go(f"/demandes/{reference}/historique")
    page.locator("[name=event_type]").select_option("appel_usager")
    page.locator("[name=comment]").fill("Rappellera <b>demain</b> avec l’original.")
    watched.press("Ajouter")
    expect(page.get_by_text("Rappellera <b>demain</b> avec l’original.")).to_be_visible()

    watched.go(f"/demandes/{reference}")
    watched.unfold("Mettre en attente")
    page.locator("[name=reason]").select_option("piece_demandee")
    page.locator("[name=detail]").fill("Pièce d’identité illisible")
    watched.press("Mettre en attente")
    watched.go("/demandes/en-attente")
    expect(page.get_by_role("link", name=reference).first).to_be_visible()
    watched.go(f"/demandes/{reference}/cloture", status=409)


def _reassign_and_close(watched: Watched, reference: str) -> None:
    page = watched.page
    watched.go(f"/demandes/{reference}")
    watched.press("Réaffecter statut en cours")
    watched.unfold("Réattribuer")
    page.locator("select[name=agent]").select_option("max")
    page.locator("[name=note]").fill("Je pars en congés")
    watched.press("Réattribuer")
    watched.go("/demandes/service")
    expect(page.locator("tbody").get_by_text("Max Petit").first).to_be_visible()

    watched.go(f"/demandes/{reference}/cloture")
    page.locator("[name=outcome]").select_option("traitee")
    page.locator("[name=comment]").fill("Acte expédié ce jour.")
    watched.press("Clôturer et envoyer le courriel")


def _remember(watched: Watched, reference: str) -> None:
    page = watched.page
    watched.go(f"/demandes/{reference}")
    expect(page.get_by_text("Données personnelles effacées").first).to_be_visible()
    watched.go(f"/demandes/{reference}/historique")
    assert "NUÑEZ" not in page.content().upper()
    watched.go("/journal")
    expect(page.get_by_text(reference).first).to_be_visible()
    watched.go("/")
    watched.go("/aide")
    assert watched.noise == []
    assert watched.checked > 18


def test_a_form_left_wrong_says_what_to_do_and_keeps_what_was_typed(
    served: Served, browser: BrowserContext, reader: Page | None
) -> None:
    reference = served.submit(email=None)
    watched = Watched(browser, served.base_url, reader)
    log_in(watched, "lea")
    watched.go(f"/demandes/{reference}")
    watched.press("Prendre en compte")
    watched.go(f"/demandes/{reference}/cloture")
    watched.page.locator("[name=comment]").fill("Ce commentaire reste.")
    watched.page.locator("[name=outcome]").evaluate("field => field.removeAttribute('required')")
    watched.press("Clôturer la demande")
    expect(watched.page.locator("[name=comment]")).to_have_value("Ce commentaire reste.")
    expect(watched.page.locator("[aria-invalid=true]").first).to_be_visible()
    watched.go("/demandes/AAA-1111-1111-1111", status=404)


def _nothing_left(directory: Path) -> None:
    """No word of the citizen stands in any file."""
    for path in directory.rglob("*"):
        if path.is_file() and path.suffix != ".json":
            content = path.read_bytes()
            assert "Nuñez".encode() not in content, path.name
            assert b"zoe@example.org" not in content, path.name
