"""A browser's page that is looked at with care at every step."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

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
