"""Whole installations in a directory, built by the composition root itself, with a clock that the test moves."""

import atexit
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any

from argon2 import PasswordHasher

from domain.agent import Agent, rights_of
from domain.applicant import Address, Applicant
from domain.facts import Command
from domain.intake import Form
from domain.townhall import Settings
from store.credentials import Credentials
from suivi.compose import Installation
from suivi.founding import found
from suivi.settings import read_settings
from tests.databases import addresses, create_database, drop_database

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""For tests that are about something else than how strong hashes are."""
MORNING = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@dataclass
class MovingClock:
    """Stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@cache
def _founded(kind: str) -> tuple[Path, str]:
    """A town hall with the shipped catalogue, founded once for each test process and copied for each test.

    Its directory, and the address of its database where it has one.
    """
    directory = Path(mkdtemp(prefix="suivi-founded-"))
    atexit.register(rmtree, directory, ignore_errors=True)
    random, url = Random(0), create_database() if kind == "postgres" else ""
    settings = read_settings({"SUIVI_DATA_DIR": str(directory), **(addresses(url) if url else {})})
    with Installation.create(settings, MovingClock(), random.randbytes) as installation:
        found(installation.office, Command("system:init", MORNING, "found"), Settings(name="Mairie de Saint-Aubin"))
    return directory, url


class Town:
    """The shipped catalogue, and agents as the test wants them; on PostgreSQL in a database that closing it drops."""

    def __init__(
        self, directory: Path, *, environment: Mapping[str, str] | None = None, seed: int = 1, kind: str = "sqlite"
    ) -> None:
        self.clock, self.random = MovingClock(), Random(seed)
        original, template = _founded(kind)
        self._url = create_database(template) if template else ""
        own = addresses(self._url) if self._url else {}
        self.environment = {"SUIVI_DATA_DIR": str(directory), **own, **(environment or {})}
        settings = read_settings(self.environment)
        if not directory.exists() or not any(directory.iterdir()):
            copytree(original, directory, dirs_exist_ok=True)
        self.installation = Installation.create(settings, self.clock, self.random.randbytes)
        self.installation.credentials = Credentials(self.installation.stores.accounts, QUICK)
        self.office = self.installation.office

    def agent(self, code: str, *services: str, role: str = "agent", procedures: tuple[str, ...] = ()) -> Agent:
        rights = rights_of((role,), services, procedures)
        self.office.directory.register_agent(self.command("system:init"), code, code.title(), rights)
        return self.office.directory.agent(code)

    def submit(self, procedure: str = "AEN", **applicant: Any) -> str:
        person = {"last_name": "Dubois", "first_name": "Marie", "email": "marie.dubois@example.org"} | applicant
        if isinstance(person.get("address"), dict):
            person["address"] = Address(**person["address"])
        form = Form(procedure, "internet", Applicant(**person), {"copies": 1}, "test")
        return self.office.intake.submit(self.command("api:test"), form).reference

    def command(self, actor: str) -> Command:
        return Command(actor, self.clock(), f"{self.random.getrandbits(128):032x}")

    def act(self, reference: str, agent: Agent, action: str, *arguments: Any) -> None:
        """One action of one agent, as the pages do it."""
        command = self.command(f"agent:{agent.code}")
        opener = self.office.reassignment if action == "reassign" else self.office.demand
        with opener(reference, by=agent, command=command) as demand:
            getattr(demand, action)(*arguments)

    def close(self) -> None:
        self.installation.close()
        if self._url:
            drop_database(self._url)
