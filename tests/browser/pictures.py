"""The pictures of the help pages and of the README, taken by Chromium from the fictitious town: ``make pictures``.

The town is made anew in a temporary directory on one fixed morning, so that the same program gives the same pictures.
An agent then walks through the pages as the guide tells it; each picture of the help is 1200 wide and as high as its
page says (``web.help.TOPICS``), in the light scheme, with the button that the page speaks of ringed; the README's are
1280 wide. A button that is not there any more stops the walk: the pictures stay true. Take them again, and look at
them, whenever a page of the walk changes.
"""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final
from uuid import UUID

import structlog
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, sync_playwright
from werkzeug.serving import make_server

from suivi.compose import Installation
from suivi.demo.filling import PASSWORD, fill
from suivi.demo.lives import DEMANDS
from suivi.serving import web_parts, worker_parts
from suivi.settings import read_settings
from web.app import create_app
from web.help import PICTURE_WIDTH, TOPICS
from workers.delivery import Deliverer
from workers.transport import MailboxTransport

MORNING: Final = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
AGENT: Final = "camille.durand"
HEIGHTS: Final = {topic.slug: topic.height for topic in TOPICS}
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
README: Final = {"non-traitees": (1_280, 800), "demande": (1_280, 900)}
"""The pictures of the README, and their sizes."""
RING: Final = "#c2410c"
_HERE: Final = Path(__file__).parents[2]
HELP: Final = _HERE / "web" / "static" / "help"
IMAGES: Final = _HERE / "docs" / "images"


class Photographer:
    """An agent in a browser, and the folders that the pictures of the help and of the README go to."""

    def __init__(self, page: Page, address: str, folder: Path, images: Path) -> None:
        self.page, self.address, self.folder, self.images = page, address, folder, images

    def open(self, path: str) -> None:
        """Open a page that must be there."""
        answer = self.page.goto(self.address + path)
        if answer is None or answer.status != 200:
            raise LookupError(f"{path} answers {answer and answer.status}")

    def press(self, name: str) -> None:
        """Press a button and wait for the page it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()

    def take(self, slug: str, ringed: Locator | None = None) -> None:
        """A picture of the page from its top, or from where the ringed button is seen."""
        drawn = self._drawn((PICTURE_WIDTH, HEIGHTS[slug]), ringed)
        box = ringed.bounding_box() if ringed is not None else None
        if box is not None:
            corners = (box["x"] - 5, box["y"] - 5, box["x"] + box["width"] + 5, box["y"] + box["height"] + 5)
            ImageDraw.Draw(drawn).rounded_rectangle(corners, radius=10, outline=RING, width=4)
        _keep(drawn, self.folder / f"{slug}.png")

    def show(self, name: str) -> None:
        """A picture of the page for the README."""
        _keep(self._drawn(README[name]), self.images / f"{name}.png")

    def _drawn(self, size: tuple[int, int], seen: Locator | None = None) -> Image.Image:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.evaluate("window.scrollTo(0, 0)")
        if seen is not None:
            seen.scroll_into_view_if_needed()
        taken = self.page.screenshot(animations="disabled", caret="hide")
        with Image.open(BytesIO(taken)) as picture:
            return picture.convert("RGB")

    def button(self, name: str) -> Locator:
        """The first button of this name."""
        return self.page.get_by_role("button", name=name, exact=True).first


def _keep(picture: Image.Image, path: Path) -> None:
    """With a palette that no colour is far from: one of frequent colours makes the amber of what is late grey."""
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def walk(there: Photographer) -> None:
    """The seven actions of the guide, in the order in which one demand goes through them."""
    page = there.page
    there.open("/connexion")
    page.get_by_label("Je saisis mon code agent").fill(AGENT)
    page.locator("[name=password]").fill(PASSWORD)
    there.press("Je valide")

    there.open("/demandes/non-traitees")
    there.show("non-traitees")
    there.take("voir-les-demandes", there.button("Prendre en compte"))
    reference = _with_an_address(there)
    there.take("prendre-en-compte", there.button("Prendre en compte"))
    there.press("Prendre en compte")
    there.take("courriel", there.button("Envoyer"))
    there.press("Envoyer")

    there.open(f"/demandes/{reference}")
    there.show("demande")
    there.open(f"/demandes/{reference}/historique")
    there.take("evenements", there.button("Ajouter"))
    there.open(f"/demandes/{reference}?action=reassign")
    there.take("reattribuer", there.button("Réattribuer"))

    there.open("/statistiques")
    there.take("statistiques")
    there.open("/journal")
    there.take("journal")


def _with_an_address(there: Photographer) -> str:
    """The first demand of the list whose applicant left an address; its page is open then."""
    for reference in there.page.locator("tbody th a").all_inner_texts():
        there.open(f"/demandes/{reference}")
        if there.page.locator(f'a[href="/demandes/{reference}/courriel/contact"]').count():
            return reference
    raise LookupError("no demand of the list has an address")


@contextmanager
def town(directory: Path, demands: int) -> Iterator[str]:
    """The fictitious town of that morning, served on loopback; its address."""
    settings = replace(read_settings({"SUIVI_DATA_DIR": str(directory)}), demo=True)
    with Installation.create(settings, lambda: MORNING, Random(1).randbytes) as installation:
        fill(installation, _deliverer(installation), lambda _done: None, demands)
        app = create_app(web_parts(installation, "http://127.0.0.1", lambda _code: None))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _deliverer(installation: Installation) -> Callable[[UUID, datetime], None]:
    """Letters of the past leave at their own instants."""
    parts = worker_parts(installation, "http://127.0.0.1", MailboxTransport())
    return lambda mail_id, at: Deliverer(replace(parts, clock=lambda: at)).deliver(mail_id) and None


def take_all(folder: Path, images: Path, chromium: str, demands: int = DEMANDS) -> list[Path]:
    """Make the town, walk through it, and say which pictures there are."""
    for one in (folder, images):
        one.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="suivi-pictures-") as directory,
        town(Path(directory) / "var", demands) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(color_scheme="light", locale="fr-FR")
        walk(Photographer(page, address, folder, images))
        browser.close()
    return sorted((*folder.glob("*.png"), *images.glob("*.png")))


def main() -> None:
    """Replace the pictures of the help pages and of the README."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures need Chromium (Debian: apt install chromium).")
    for path in take_all(HELP, IMAGES, chromium):
        sys.stdout.write(f"{path.relative_to(_HERE)}  {path.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
