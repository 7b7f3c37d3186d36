"""A whole town hall with people to write to, its clock and its mail, for the jobs that remind, delete and inform."""

import re
from collections import Counter
from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.demand import Demand
from domain.references import demand_id
from store.outbox import Mail
from suivi.occasions import occasions_of
from suivi.serving import worker_parts
from tests.installations import Town
from tests.workers.town import KeepingTransport
from workers.clock import Clock, letters_of
from workers.delivery import Deliverer
from workers.occasions import Occasions

CIVIL, SCHOOLS = "État civil", "Affaires scolaires"
BASE = "https://suivi.mairie.example"


class TownOfOccasions:
    """Camille and Sacha work at the civil registry, Noa heads it, Dominique administers."""

    def __init__(self, directory: Path, kind: str = "sqlite") -> None:
        self.town = Town(directory, kind=kind)
        self.installation, self.clock = self.town.installation, self.town.clock
        for code in ("camille", "sacha"):
            self.join(code, CIVIL)
        self.join("dominique", role="admin")
        self.transport = KeepingTransport()

    def join(self, code: str, *services: str, role: str = "agent") -> None:
        self.town.agent(code, *services, role=role)
        self.installation.credentials.set_email(code, f"{code}@mairie.example")

    def leave(self, code: str) -> None:
        self.installation.office.directory.activate_agent(self.town.command("system:test"), code, active=False)

    @property
    def occasions(self) -> Occasions:
        return occasions_of(self.installation, BASE)

    def settle(self, **changes: Any) -> None:
        with self.installation.office.directory.change_townhall(self.town.command("agent:dominique")) as townhall:
            townhall.change_settings(msgspec.structs.replace(townhall.settings, **changes))

    def revise(self, procedure: str, **changes: Any) -> None:
        directory = self.installation.office.directory
        revised = msgspec.structs.replace(directory.definition(procedure), **changes)
        directory.define_procedure(self.town.command("agent:dominique"), revised)

    def act(self, reference: str, agent: str, action: str, *arguments: Any) -> None:
        self.town.act(reference, self.installation.office.directory.agent(agent), action, *arguments)

    def tick(self) -> list[str]:
        return Clock(letters_of(self.occasions), self.installation.leases, self.clock).tick()

    def facts(self, reference: str, kind: type[Demand.Event]) -> list[Any]:
        return [fact for fact in self.installation.register.facts(demand_id(reference)) if isinstance(fact, kind)]

    def letters(self, kind: str) -> list[Mail]:
        return [mail for mail in reversed(self.installation.outbox.latest(10_000)) if mail.kind == kind]

    def told(self, kind: str) -> Counter[str | None]:
        return Counter(mail.agent for mail in self.letters(kind))

    def deliver(self, letters: Iterable[Mail]) -> list[EmailMessage]:
        """What the agents read."""
        before = len(self.transport.sent)
        deliverer = Deliverer(worker_parts(self.installation, BASE, self.transport))
        for letter in letters:
            assert deliverer.deliver(letter.mail_id) == "sent"
        return self.transport.sent[before:]

    def has_key(self, owner: UUID) -> bool:
        return bool(self.installation.keyring.keys([owner]))

    def close(self) -> None:
        self.town.close()


def references_in(message: EmailMessage) -> list[str]:
    return re.findall(r"^- ([A-Z]{3,6}-[0-9A-Z-]{14})", message.get_content(), re.MULTILINE)
