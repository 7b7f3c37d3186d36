"""A town hall over real SQLite stores, and the browsers of the people who work there."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.applicant import Address, Applicant
from domain.demand import Demand
from domain.dossier import Dossier
from domain.facts import Command
from domain.intake import Form
from domain.rights import Rights, Role
from tests.installations import Town
from tests.web.building import app_of, parts_of
from tests.web.conftest import hidden

CIVIL, SCHOOL, PLANNING = "État civil", "Éducation et restauration scolaire", "Urbanisme et domaine public"
PEOPLE = {
    "zoe": ("Zoé Martin", {Role.AGENT}, {CIVIL}, set()),
    "luc": ("Luc Petit", {Role.AGENT}, {CIVIL}, set()),
    "eva": ("Eva Roux", {Role.AGENT}, {CIVIL, SCHOOL}, {"AEN"}),
    "max": ("Max Blanc", {Role.AGENT}, {PLANNING}, set()),
    "hugo": ("Hugo Chef", {Role.HEAD}, {CIVIL, SCHOOL, PLANNING}, set()),
    "ines": ("Inès Audit", {Role.AUDITOR}, set(), set()),
    "noe": ("Noé Chiffres", {Role.ANALYST}, set(), set()),
}
MARIE = Applicant(
    "N’Guyen-Œuvrard",
    "Marie-Hélène",
    civility="Mme",
    email="marie.helene@exemple.fr",
    phone="06 12 34 56 78",
    address=Address("12 rue des Lilas", "67000", "Strasbourg"),
)


class Hall:
    """A founded town hall, the people who work there, and the citizens' forms that arrive."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder)
        self.installation, self.office, self.clock = self.town.installation, self.town.office, self.town.clock
        for code, (name, roles, services, procedures) in PEOPLE.items():
            rights = Rights(frozenset(roles), frozenset(services), frozenset(procedures))
            self.office.directory.register_agent(self.command(), code, name, rights)
        self.app = app_of(self.installation)

    def command(self, actor: str = "system:test") -> Command:
        """A command of somebody, now."""
        return self.town.command(actor)

    def received(self, procedure: str = "AEN", applicant: Applicant = MARIE, **answers: Any) -> str:
        """A citizen's form arrives; its reference."""
        form = Form(procedure=procedure, channel="internet", applicant=applicant, answers=answers, client="site")
        return self.office.intake.submit(self.command("api:site"), form).reference

    def taken(self, by: str = "zoe", **fields: Any) -> str:
        """A demand that somebody took in charge; its reference."""
        reference = self.received(**fields)
        with self.office.demand(reference, by=self.agent(by), command=self.command(f"agent:{by}")) as demand:
            demand.take_in_charge()
        return reference

    def held(self, by: str = "zoe", detail: str | None = None) -> str:
        """A demand on hold; its reference."""
        reference = self.taken(by)
        with self.office.demand(reference, by=self.agent(by), command=self.command(f"agent:{by}")) as demand:
            demand.put_on_hold("avis_attendu", detail)
        return reference

    def closed(self, by: str = "zoe", **fields: Any) -> str:
        """A demand that somebody closed without a letter; its reference."""
        reference = self.taken(by, **fields)
        with self.office.demand(reference, by=self.agent(by), command=self.command(f"agent:{by}")) as demand:
            demand.close("traitee", "Acte remis en main propre")
        return reference

    def agent(self, code: str) -> Any:
        """Somebody who works here."""
        return self.office.directory.agent(code)

    def demand(self, reference: str) -> Demand:
        """A demand as its facts left it."""
        return self.dossier(reference).demand

    def dossier(self, reference: str) -> Dossier:
        """A demand as the head of service reads it."""
        return self.office.dossier(reference, self.agent("hugo"))

    def facts(self, reference: str) -> list[str]:
        """The names of the facts of a demand."""
        return [fact.name for fact in self.dossier(reference).facts]

    def browser(self, code: str) -> "Browser":
        """A browser in which this person is logged in."""
        client = self.app.test_client()
        token = f"{self.town.random.getrandbits(256):064x}"
        self.installation.sessions.open(code, self.clock(), token)
        with client.session_transaction() as session:
            session["token"], session["code"] = token, code
        return Browser(client)


class Browser:
    """What a person does with pages: follow addresses, send forms with their hidden fields."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._token = hidden(client.get("/").text, "csrf_token")

    def get(self, address: str) -> TestResponse:
        """Open a page."""
        return self._client.get(address)

    def post(self, address: str, /, **fields: Any) -> TestResponse:
        """Send a form."""
        return self._client.post(address, data={"csrf_token": self._token, **fields})


def text(response: TestResponse) -> str:
    """What a page says below its header: words only, blanks made single."""
    main = response.text.split("<main", 1)[-1]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """The town hall of one test module; its clock stands still."""
    opened = Hall(tmp_path_factory.mktemp("hall") / "var")
    yield opened
    opened.town.close()


@pytest.fixture
def fresh_hall(tmp_path: Path) -> Iterator[Hall]:
    """A town hall of its own, for a test that moves the clock."""
    opened = Hall(tmp_path / "var")
    yield opened
    opened.town.close()


@pytest.fixture
def zoe(hall: Hall) -> Browser:
    """An agent of the service."""
    return hall.browser("zoe")


@pytest.fixture
def luc(hall: Hall) -> Browser:
    """A colleague of the same service."""
    return hall.browser("luc")


@pytest.fixture
def eva(hall: Hall) -> Browser:
    """An agent of the service who may process one procedure only."""
    return hall.browser("eva")


@pytest.fixture
def max_(hall: Hall) -> Browser:
    """An agent of another service."""
    return hall.browser("max")


@pytest.fixture
def hugo(hall: Hall) -> Browser:
    """The head of all services."""
    return hall.browser("hugo")


@pytest.fixture
def ines(hall: Hall) -> Browser:
    """The auditor."""
    return hall.browser("ines")


__all__ = ["Browser", "Hall", "hidden", "parts_of", "text"]
