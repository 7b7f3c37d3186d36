"""What a page shows anew by itself: the progress of an operation, the numbers beside the sections."""

from collections.abc import Iterator
from random import Random
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, Request, expect

from domain.applicant import Applicant
from domain.facts import Command
from domain.intake import Form
from store.operations import DONE, LONGEST_LEASE, Operation, Result
from suivi.compose import Installation
from suivi.settings import read_settings
from tests.browser.conftest import Fictitious
from tests.browser.pictures import AGENT, MORNING
from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
UNTREATED = "/demandes/non-traitees"
COUNT = f'[data-count="{UNTREATED}"]'
TOTAL, SOME = 500, 37


class Hall:
    """A town hall that answers, where no worker does anything; and what happens there meanwhile."""

    def __init__(self, address: str, installation: Installation) -> None:
        self.address, self.installation = address, installation

    def begin(self) -> Operation:
        """An operation on many demands is asked for."""
        asked = Operation(uuid4(), AGENT, "add_event", TOTAL, MORNING, "/demandes/en-cours", b"box")
        assert self.installation.operations.add(asked, [f"AEN-{number:04d}" for number in range(TOTAL)])
        return asked

    def work(self, identity: UUID, until: int) -> None:
        """It goes on until so many demands are handled."""
        held = self.installation.operations.claim(MORNING, LONGEST_LEASE)
        assert held is not None
        assert held.id == identity
        group = self.installation.operations.group(held, until - held.handled)
        results = [Result(number, reference, DONE) for number, reference in group]
        assert self.installation.operations.record(held, results, MORNING) is not None

    def receive(self) -> None:
        """A demand arrives, of a procedure that this agent may process."""
        form = Form("AEN", "internet", Applicant("Nuñez", "Zoé"), {"copies": 1}, "test")
        self.installation.office.intake.submit(Command("api:test", MORNING, uuid4().hex), form)
        self.installation.catch_up()


@pytest.fixture(scope="module")
def hall(fictitious: Fictitious) -> Iterator[Hall]:
    settings = read_settings({"SUIVI_DATA_DIR": str(fictitious.directory)})
    with Installation.open(settings, lambda: MORNING, Random(3).randbytes) as installation:
        yield Hall(fictitious.base_url, installation)


@pytest.mark.parametrize("browser", ["narrow"], indirect=True)
def test_the_progress_of_an_operation_moves_on_by_itself(hall: Hall, camille: Watched) -> None:
    operation, page = hall.begin(), camille.page
    camille.go(f"/operations/{operation.id}")
    shown = page.locator(".work-count")
    expect(shown).to_have_text(f"0 sur {TOTAL}")
    page.evaluate("window.neverLeft = true")
    waiting = int(page.locator(COUNT).inner_text())
    hall.work(operation.id, SOME)
    expect(shown).to_have_text(f"{SOME} sur {TOTAL}")
    assert page.locator("progress").get_attribute("value") == str(SOME)
    hall.receive()
    hall.work(operation.id, TOTAL)
    expect(shown).to_have_text(f"{TOTAL} sur {TOTAL}")
    expect(page.get_by_role("status")).to_contain_text(f"{TOTAL} événements ajoutés")
    expect(page.locator(COUNT)).to_have_text(str(waiting + 1))
    assert page.evaluate("window.neverLeft === true"), "the page was loaded again"
    camille.check()
    assert camille.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_the_numbers_of_a_page_in_sight_follow_what_happens_and_nothing_is_asked_while_hidden(
    hall: Hall, camille: Watched
) -> None:
    page, asked = camille.page, list[str]()

    def note(request: Request) -> None:
        if request.url.endswith("/compteurs"):
            asked.append(request.url)

    page.on("request", note)
    page.clock.install()
    page.goto(hall.address + UNTREATED)
    before = int(page.locator(COUNT).inner_text())
    expect(page).to_have_title(f"Non traitées ({before}) · Suivi")

    hall.receive()
    page.clock.run_for(59_000)
    assert asked == []
    page.clock.run_for(1_000)
    expect(page.locator(COUNT)).to_have_text(str(before + 1))
    expect(page).to_have_title(f"Non traitées ({before + 1}) · Suivi")
    expect(page.locator(".h1-count")).to_have_text(str(before + 1))
    assert len(asked) == 1

    look(page, hidden=True)
    hall.receive()
    page.clock.run_for(600_000)
    assert len(asked) == 1
    look(page, hidden=False)
    expect(page).to_have_title(f"Non traitées ({before + 2}) · Suivi")
    assert len(asked) == 2

    hall.receive()
    page.clock.run_for(11_000)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(COUNT)).to_have_text(str(before + 3))
    assert camille.noise == []

    page.context.clear_cookies()
    with page.expect_request_finished(lambda request: request.url.endswith("/compteurs")):
        page.clock.run_for(61_000)
    number = len(asked)
    page.clock.run_for(600_000)
    assert len(asked) <= number + 1, "a page whose session is over goes on asking"


def look(page: Page, *, hidden: bool) -> None:
    """Another tab comes to the front, or this one again: a headless browser never hides one by itself."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
