"""A served town hall, its mail server and a real browser; without Chromium these tests say so."""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Condition
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from suivi.demo.filling import PASSWORD as OF_THE_TOWN
from tests.browser.pictures import AGENT, ARGUMENTS, town
from tests.browser.watching import Watched
from tests.workers.smtp import mail_server

PASSWORD = "sept girafes dansent"
FICTITIOUS = 30
"""Demands of the fictitious town."""
NOBODY = "inconnue"
"""How addresses begin that the mail server refuses."""


@dataclass
class Letterbox:
    """What the mail server was handed; a test waits for a number of letters."""

    letters: list[EmailMessage] = field(default_factory=list)
    arrived: Condition = field(default_factory=Condition)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.startswith(NOBODY):
            return f"550 5.1.1 <{address}> rejected"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — aiosmtpd's name
        letter = message_from_bytes(envelope.content, policy=policy.default)
        with self.arrived:
            self.letters.append(letter)  # type: ignore[arg-type]  # the default policy makes EmailMessage
            self.arrived.notify_all()
        return "250 OK"

    def wait_for(self, recipient: str, number: int, timeout: float = 60) -> list[EmailMessage]:
        """The letters to one person, once there are so many."""

        def found() -> list[EmailMessage]:
            return [letter for letter in self.letters if letter["To"] == recipient]

        with self.arrived:
            assert self.arrived.wait_for(lambda: len(found()) >= number, timeout), f"{len(found())} letters"
            return found()


@dataclass
class Served:
    """A town hall that answers on loopback."""

    base_url: str
    directory: Path
    token: str
    letterbox: Letterbox

    def submit(self, **applicant: Any) -> str:
        """A citizen's form comes in through the API."""
        person = {"civility": "Mme", "last_name": "Nuñez", "first_name": "Zoé", "email": "zoe@example.org"} | applicant
        answers = {
            "kind": "sans_filiation",
            "applicant_quality": "self",
            "motive": "passport",
        }
        form = {"procedure": "BRO", "channel": "internet", "applicant": person, "answers": answers}
        request = Request(f"{self.base_url}/api/v1/demands", json.dumps(form).encode(), self.headers, method="POST")  # noqa: S310 — loopback
        with urlopen(request, timeout=30) as answer:  # noqa: S310 — loopback
            reference: str = json.load(answer)["reference"]
        return reference

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}


def procedure() -> list[dict[str, Any]]:
    """A small form with one field of most types."""
    return [
        {
            "code": "BRO",
            "title": "Copie d’acte, essai",
            "service": "État civil",
            "fields": [
                {
                    "name": "kind",
                    "label": "Document demandé",
                    "type": "choice",
                    "required": True,
                    "choices": [{"value": "sans_filiation", "label": "Extrait sans filiation"}],
                },
                {"name": "applicant_quality", "label": "Vous êtes", "type": "text"},
                {"name": "motive", "label": "Motif", "type": "long_text"},
            ],
        }
    ]


@pytest.fixture(scope="module")
def letterbox() -> Iterator[tuple[Letterbox, int]]:
    box = Letterbox()
    with mail_server(box, loop=asyncio.new_event_loop()) as port:
        yield box, port


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A town hall with a procedure and two agents, made once and copied for each module; and a web site's token."""
    directory = tmp_path_factory.mktemp("furnished")
    environment = os.environ | {"SUIVI_DATA_DIR": str(directory / "var")}

    def suivi(*words: str, given: str | None = None) -> str:
        command = [sys.executable, "-m", "suivi.cli", *words]
        done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    suivi("init", "--name", "Mairie de Saint-Aubin")
    (directory / "procedures.json").write_text(json.dumps(procedure()))
    suivi("procedure", "import", str(directory / "procedures.json"))
    for code, name in (("lea", "Léa Martin"), ("max", "Max Petit")):
        suivi("agent", "create", code, "--name", name, "--email", f"{code}@mairie.example", "--service", "État civil")
        suivi("agent", "set-password", code, given=PASSWORD + "\n")
    return directory / "var", suivi("api-client", "create", "site", "--scope", "intake", "--scope", "read").strip()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, letterbox: tuple[Letterbox, int], furnished: tuple[Path, str]
) -> Iterator[Served]:
    directory, port = tmp_path_factory.mktemp("served"), free_port()
    shutil.copytree(furnished[0], directory / "var")
    environment = os.environ | {
        "SUIVI_DATA_DIR": str(directory / "var"),
        "SUIVI_SMTP_URL": f"smtp://127.0.0.1:{letterbox[1]}",
    }
    with running(["serve", "--port", str(port)], environment):
        yield Served(f"http://127.0.0.1:{port}", directory, furnished[1], letterbox[0])


@contextmanager
def running(words: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until the block ends; entered once it says where it answers."""
    command = [sys.executable, "-u", "-m", "suivi.cli", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert re.search("répond", process.stdout.readline())
            yield process
        finally:
            process.terminate()
            assert process.wait(15) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("CI needs Chromium")
    if found is None:
        pytest.skip("no Chromium here")
    return found


@pytest.fixture(scope="module")
def launched(chromium: str) -> Iterator[Browser]:
    """A Chromium with an empty profile that speaks to loopback only; its contexts share nothing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["wide", "narrow", "no-script"])
def browser(request: pytest.FixtureRequest, launched: Browser) -> Iterator[BrowserContext]:
    """A wide window, a telephone, and a browser that runs no script."""
    width, scripts = (390 if request.param == "narrow" else 1280), request.param != "no-script"
    with context_in(launched, width=width, scripts=scripts) as context:
        yield context


@pytest.fixture
def reader(request: pytest.FixtureRequest, browser: BrowserContext, launched: Browser) -> Iterator[Page | None]:
    """For a browser without scripts, a page of another one that can run axe over its documents."""
    if request.node.callspec.params["browser"] != "no-script":
        yield None
        return
    with context_in(launched) as context:
        yield context.new_page()


@contextmanager
def context_in(browser: Browser, *, width: int = 1280, scripts: bool = True) -> Iterator[BrowserContext]:
    """Windows of somebody who was never here."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.set_default_timeout(30_000)
    yield context
    context.close()


@dataclass
class Fictitious:
    """The fictitious town that answers on loopback, where no worker does anything, and its files."""

    base_url: str
    directory: Path


@pytest.fixture(scope="session")
def fictitious(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fictitious]:
    """Months of demands, made once; its clock stands still."""
    directory = tmp_path_factory.mktemp("fictitious") / "var"
    with town(directory, FICTITIOUS) as address:
        yield Fictitious(address, directory)


@pytest.fixture
def camille(fictitious: Fictitious, browser: BrowserContext) -> Watched:
    """An agent of the fictitious town, logged in."""
    watched = Watched(browser, fictitious.base_url)
    watched.page.goto(f"{fictitious.base_url}/connexion")
    watched.page.get_by_label("Je saisis mon code agent").fill(AGENT)
    watched.page.locator("[name=password]").fill(OF_THE_TOWN)
    with watched.page.expect_navigation():
        watched.page.get_by_role("button", name="Je valide", exact=True).click()
    return watched
