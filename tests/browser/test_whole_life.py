"""One whole life through the real pages: received, taken, told, marked, held, reassigned, closed, remembered."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, Served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDTHS = (1280, 390)


class Watched:
    """A page on which every step is checked: no fault of accessibility, no sideways scrolling, no script error."""

    def __init__(self, context: BrowserContext, base_url: str, reader: Page | None = None) -> None:
        self.page: Page = context.new_page()
        self.reader = reader
        self.base_url, self.checked, self.noise = base_url, 0, []
        self.page.on("console", lambda message: self.noise.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))

    def go(self, address: str, status: int = 200) -> None:
        answer = self.page.goto(self.base_url + address)
        assert answer is not None
        assert answer.status == status
        if status != 200:
            self.noise.clear()
        self.check()

    def press(self, name: str) -> None:
        """Press a button, in a form that may have to be unfolded first."""
        button = self.page.get_by_role("button", name=name, exact=True).first
        with self.page.expect_navigation():
            button.click()
        self.check()

    def unfold(self, name: str) -> None:
        self.page.locator("summary", has_text=name).first.click()

    def check(self) -> None:
        """The page as it stands: nothing too wide at either width, and axe at this browser's own.

        Without scripts axe looks at the narrow page: a scenario that runs wide and without scripts sees both.
        """
        shown, own = self.page, self.page.viewport_size
        assert own is not None
        if self.reader is not None:
            shown, own = self._as_it_stands(self.reader), {"width": min(WIDTHS), "height": own["height"]}
        for width in sorted(WIDTHS, key=lambda width: width == own["width"]):
            shown.set_viewport_size({"width": width, "height": own["height"]})
            overflow = shown.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{self.page.url} is {overflow} px too wide at {width}"
        results = Axe().run(shown)
        assert results.violations_count == 0, f"{self.page.url} at {own['width']}: {results.generate_report()}"
        self.checked += 1

    def _as_it_stands(self, reader: Page) -> Page:
        """axe is a script: the document of a browser without scripts is read by another one, its scripts left out."""
        document = re.sub(r"<script.*?</script>", "", self.page.content(), flags=re.DOTALL)
        reader.goto(f"{self.base_url}/connexion")
        reader.set_content(document)
        return reader


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
