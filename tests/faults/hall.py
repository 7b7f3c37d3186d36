"""A town hall with real time and real randomness in a directory, ready to be served, killed and looked into."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

from domain.agent import rights_of
from domain.applicant import Applicant
from domain.demand import Demand
from domain.facts import Command, Fact
from domain.intake import Form
from domain.townhall import Settings
from suivi.compose import Installation
from suivi.founding import found
from suivi.opening import now
from suivi.settings import read_settings
from tests.faults.stores import stores_of, url_of

PASSWORD = "sept girafes dansent"
TOKEN = "a token of the tests that opens nothing else"
AGENTS = {"lea": "Léa Martin", "max": "Max Petit", "ana": "Ana Roux"}
CIVIL = "État civil"
CLIENT = "site"
CITIZEN = {"civility": "Mme", "last_name": "Nuñez", "first_name": "Zoé", "email": "zoe@example.org"}
ANSWERS = {
    "kind": "sans_filiation",
    "quality": "self",
    "motive": "identity",
    "copies": 1,
    "person_last_name": "Nuñez",
    "person_first_names": "Zoé",
    "person_birth_date": "1990-02-03",
    "person_birth_city": "Angers",
}


@dataclass(frozen=True)
class Hall:
    """One data directory and the environment that names it."""

    directory: Path
    environment: Mapping[str, str]

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        with Installation.open(read_settings(self.environment), now, secrets.token_bytes) as installation:
            yield installation

    def facts(self) -> list[Fact]:
        """Everything that was ever recorded, in order."""
        with self.opened() as installation:
            return [installation.register.fact(stored) for stored in installation.register.notifications(0, 1 << 30)]


def furnish(environment: Mapping[str, str]) -> None:
    """Found the town hall, with two agents who can log in and a web site that may submit."""
    with Installation.create(read_settings(environment), now, secrets.token_bytes) as installation:
        found(installation.office, by_hand(), Settings(name="Mairie de Saint-Aubin", mails_per_minute=0))
        for code, name in AGENTS.items():
            rights = rights_of(("agent",), (CIVIL,), ())
            installation.office.directory.register_agent(by_hand(), code, name, rights)
            installation.office.directory.activate_agent(by_hand(), code, active=True)
            installation.credentials.set_password(code, PASSWORD, now())
        installation.clients.create(CLIENT, TOKEN, ("intake", "read"), now())
        installation.projector.catch_up()


@contextmanager
def copied(original: Hall, directory: Path) -> Iterator[Hall]:
    """A town hall that was furnished before, in another directory and, on PostgreSQL, in another database."""
    url = url_of(original.environment)
    with stores_of("postgres" if url else "sqlite", url) as found:
        copytree(original.directory, directory, dirs_exist_ok=True)
        yield Hall(directory, {"SUIVI_DATA_DIR": str(directory)} | found)


def by_hand(actor: str = "system:test") -> Command:
    return Command(actor, now(), str(uuid4()))


def demands(facts: list[Fact]) -> dict[str, list[Fact]]:
    """The histories of demands by reference, each in order."""
    references = {fact.originator_id: fact.reference for fact in facts if isinstance(fact, Demand.Submitted)}
    histories: dict[str, list[Fact]] = {reference: [] for reference in references.values()}
    for fact in facts:
        if isinstance(fact, Demand.Event):
            histories[references[fact.originator_id]].append(fact)
    return histories


def queued(hall: Hall) -> int:
    """How many letters still have to leave."""
    with hall.opened() as installation:
        return installation.outbox.counts().get("queued", 0)


def form(**changes: Any) -> dict[str, Any]:
    """A citizen's form as the web site sends it."""
    return {"procedure": "AEN", "channel": "internet", "applicant": CITIZEN, "answers": ANSWERS} | changes


def taken(installation: Installation, number: int) -> list[str]:
    """Demands in progress, each with an address."""
    office, references = installation.office, []
    lea = office.directory.agent("lea")
    for _ in range(number):
        form = Form("AEN", "internet", Applicant("Dubois", "Marie", email="marie@example.org"), {"copies": 1}, "test")
        reference = office.intake.submit(by_hand("api:test"), form).reference
        with office.demand(reference, by=lea, command=by_hand("agent:lea")) as demand:
            demand.take_in_charge()
        references.append(reference)
    return references


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process without its own SUIVI_ variables, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUIVI_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(environment)
