"""A small town hall in memory: four agents, two procedures, and one demand of Marie Dupont's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from domain.agent import Agent
from domain.applicant import Applicant
from domain.definition import Definition
from domain.demand import Demand
from domain.dossier import Dossier
from domain.facts import Command, Fact
from domain.handle import DemandHandle
from domain.intake import Form, Receipt
from domain.letters import Letter
from domain.office import Office
from domain.ports import Outgoing
from domain.references import demand_id
from domain.rights import Rights, Role
from domain.sealing import Sealed, place
from domain.townhall import Settings, Term
from tests.fakes import MemoryHistory, MemoryKeyring

NOON = datetime(2027, 3, 1, 11, 0, tzinfo=UTC)
MARIE = Applicant("Dupont", "Marie", "Mme", email="marie@exemple.fr")
AEN = Definition("AEN", "Acte de naissance", "État civil")
CANTEEN = Definition("CAN", "Cantine", "Écoles", restricted=True, receipt=False)
PEOPLE = {
    "camille": Rights(frozenset({Role.AGENT}), frozenset({"État civil"})),
    "sacha": Rights(frozenset({Role.AGENT}), frozenset({"État civil", "Écoles"})),
    "robin": Rights(frozenset({Role.AGENT}), frozenset({"Écoles", "État civil"}), frozenset({"CAN"})),
    "noa": Rights(frozenset({Role.AGENT}), frozenset({"Écoles"}), frozenset({"AEN"})),
    "alix": Rights(frozenset({Role.AUDITOR})),
    "dominique": Rights(frozenset({Role.ADMIN})),
}
TERMS = {"reason": "piece_demandee", "outcome": "traitee", "event_type": "appel"}


class Town:
    """An office over fakes; every command is a minute after the one before, under an id of its own unless given."""

    def __init__(self) -> None:
        self.history, self.keyring, self.saves = MemoryHistory(), MemoryKeyring(), 0
        self.office = Office(
            self.history,
            self.keyring,
            zone=ZoneInfo("Europe/Paris"),
            fingerprint=lambda client, key: sha256(f"{client}|{key}".encode()).digest(),
            random_bits=Random(1).getrandbits,
            saved=self._saved,
        )
        self._numbers = count(1)
        directory = self.office.directory
        directory.found(self.command("system:init"), Settings("Mairie de Bourg"))
        with directory.change_townhall(self.command("system:init")) as townhall:
            for vocabulary, code in TERMS.items():
                townhall.add_terms(vocabulary, [Term(code, code.capitalize())])
        for definition in (AEN, CANTEEN):
            directory.define_procedure(self.command("system:init"), definition)
        for code, rights in PEOPLE.items():
            directory.register_agent(self.command("system:init"), code, code.capitalize(), rights)

    def command(self, actor: str, command_id: str | None = None) -> Command:
        """A command by somebody, now."""
        number = next(self._numbers)
        return Command(actor, NOON + timedelta(minutes=number), command_id or f"command-{number}")

    def agent(self, code: str) -> Agent:
        """One of the agents."""
        return self.office.directory.agent(code)

    def receive(self, applicant: Applicant = MARIE, procedure: str = "AEN", **keys: str) -> Receipt:
        """A form arrives from the web site."""
        form = Form(procedure, "internet", applicant, {"copies": 2}, "site", **keys)
        return self.office.intake.submit(self.command("api:site"), form)

    @contextmanager
    def hands(
        self, code: str, reference: str, command_id: str | None = None, version: int | None = None
    ) -> Iterator[DemandHandle]:
        """The demand in an agent's hands."""
        command = self.command(f"agent:{code}", command_id)
        with self.office.demand(reference, by=self.agent(code), command=command, version=version) as demand:
            yield demand

    @contextmanager
    def machine(self, reference: str, job: str = "mail") -> Iterator[DemandHandle]:
        """The demand in the hands of a job."""
        with self.office.demand_of_job(demand_id(reference), self.command(f"system:{job}")) as demand:
            yield demand

    def taken(self, applicant: Applicant = MARIE) -> str:
        """The reference of a demand that Camille took in charge."""
        reference = self.receive(applicant).reference
        with self.hands("camille", reference) as demand:
            demand.take_in_charge()
        return reference

    def dossier(self, reference: str, code: str | None = "camille") -> Dossier:
        """The demand as somebody reads it; None reads without any right."""
        return self.office.dossier(reference, self.agent(code) if code else None)

    def demand(self, reference: str) -> Demand:
        """The demand as it is recorded."""
        return self.dossier(reference, None).demand

    def facts(self, reference: str) -> list[Fact]:
        """What happened to the demand."""
        return list(self.dossier(reference, None).facts)

    def names(self, reference: str) -> list[str]:
        """The names of what happened to the demand."""
        return [fact.name for fact in self.facts(reference)]

    def letter(self, outgoing: Outgoing) -> Letter:
        """What the mail worker reads."""
        key = self.keyring.keys([outgoing.mail_id])[outgoing.mail_id]
        return msgspec.json.decode(key.open(Sealed(outgoing.letter), place(outgoing.mail_id, 0, "letter")), type=Letter)

    def letters(self, reference: str, kind: str) -> list[Letter]:
        """The letters of one kind that wait for the mail server."""
        mails = self.history.letters.values()
        return [self.letter(mail) for mail in mails if (mail.demand_id, mail.kind) == (demand_id(reference), kind)]

    def _saved(self) -> None:
        self.saves += 1
