"""A small town hall with real stores in a directory, and a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from random import Random
from threading import Condition
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.applicant import Applicant
from domain.definition import Definition
from domain.demand import Demand
from domain.facts import Command
from domain.intake import Form
from domain.letters import LetterKind
from domain.office import Office
from domain.references import demand_id
from domain.rights import Rights, Role
from domain.townhall import Settings, Term
from store import accounts, events, keyring, sweeps
from store.engines import sqlite_engine
from store.epochs import Epochs
from store.keyring import StoredKeyring
from store.leases import Leases
from store.outbox import Outbox
from store.postgres import environment
from store.register import Register
from store.secrets import Secrets
from store.servers import SCHEMAS, postgres_engine
from store.sweeps import Sweeps
from store.transactions import creating
from workers.parts import WorkerParts
from workers.transport import NotDelivered, Transport

MORNING = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
MARIE = "marie.dubois@example.org"


@dataclass
class MovingClock:
    """Stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class KeepingTransport:
    """Takes every letter, or fails as told; a test waits for letters on its condition."""

    sent: list[EmailMessage] = field(default_factory=list)
    failures: list[NotDelivered] = field(default_factory=list)
    arrived: Condition = field(default_factory=Condition)

    def send(self, message: EmailMessage) -> None:
        with self.arrived:
            if self.failures:
                raise self.failures.pop(0)
            self.sent.append(message)
            self.arrived.notify_all()

    def wait_for(self, number: int, timeout: float = 20) -> bool:
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.sent) >= number, timeout)


class Town:
    """One town hall, its agent Camille and one procedure."""

    def __init__(self, directory: Path, transport: Transport | None, server: str = "") -> None:
        """``server`` is the address of an empty PostgreSQL database; without one the stores are files."""
        self.directory, self.clock, random = directory, MovingClock(), Random(directory.name)
        self.secrets = Secrets(random.randbytes(32))
        keys_directory = directory / "keys"
        keys_directory.mkdir()
        self.engines = {
            name: postgres_engine(server, SCHEMAS[name]) if server else sqlite_engine(str(directory / f"{name}.db"))
            for name in ("events", "keys", "accounts")
        }
        self.epochs = Epochs(keys_directory, self.secrets.key("epochs"), random.randbytes)
        self._create_tables()
        files = {"PERSISTENCE_MODULE": "store.sqlite:Factory", "SQLITE_DBNAME": str(directory / "events.db")}
        where = environment(server) if server else files | {"CREATE_TABLE": "n"}
        self.register = Register(where, self.engines["events"])
        self.keyring = StoredKeyring(self.engines["keys"], self.epochs, random.randbytes, directory / "keyring")
        self.saved: Callable[[], None] = lambda: None
        self.office = Office(
            self.register,
            self.keyring,
            zone=ZoneInfo("Europe/Paris"),
            fingerprint=self.secrets.fingerprint,
            random_bits=random.getrandbits,
            saved=lambda: self.saved(),  # noqa: PLW0108 — replaced once the workers run
        )
        self.outbox = Outbox(self.engines["events"])
        self.sweeps, self.leases = Sweeps(self.engines["accounts"]), Leases(self.engines["accounts"])
        self.transport = transport
        self._furnish()

    def parts(self, transport: Transport | None = None, broker_url: str = "") -> WorkerParts:
        return WorkerParts(
            office=self.office,
            register=self.register,
            outbox=self.outbox,
            keyring=self.keyring,
            leases=self.leases,
            sweeps=self.sweeps,
            transport=transport or self.transport,
            sender="suivi@mairie.example",
            clock=self.clock,
            catch_up=lambda: None,
            broker_url=broker_url,
        )

    def submit(self, email: str | None = None) -> UUID:
        """A demand comes in; with an address, its registration receipt waits in the outbox."""
        form = Form("AEN", "internet", Applicant("Dubois", "Marie", email=email), {}, "test")
        return demand_id(self.office.intake.submit(self.command("api:test"), form).reference)

    def close(self, demand: UUID, letter: tuple[str, str] | None = None) -> None:
        """Camille takes the demand, if nobody has, and closes it."""
        with self.office.demand_of_job(demand, self.command("agent:camille")) as handle:
            handle.take_in_charge()
        with self.office.demand_of_job(demand, self.command("agent:camille")) as handle:
            handle.close("traitee", letter=letter)

    def command(self, actor: str) -> Command:
        return Command(actor, self.clock(), str(uuid4()))

    def letter_of(self, demand: UUID, kind: LetterKind = LetterKind.REGISTRATION_RECEIPT) -> UUID:
        return next(mail.mail_id for mail in self.outbox.of_demand(demand) if mail.kind == kind)

    def state_of(self, mail_id: UUID) -> tuple[str, str | None]:
        mail = next(mail for mail in self.outbox.latest(1_000) if mail.mail_id == mail_id)
        return mail.state, mail.why

    def has_key(self, owner: UUID) -> bool:
        return bool(self.keyring.keys([owner]))

    def facts(self, demand: UUID) -> list[str]:
        return [fact.name for fact in self.register.facts(demand)]

    def mail_facts(self, demand: UUID) -> list[tuple[str, str | None]]:
        """The outcomes of letters, with their reasons."""
        outcomes = (Demand.MailSent, Demand.MailFailed)
        return [(f.name, getattr(f, "why", None)) for f in self.register.facts(demand) if isinstance(f, outcomes)]

    def shut(self) -> None:
        self.register.close()
        for engine in self.engines.values():
            engine.dispose()

    def _create_tables(self) -> None:
        with creating(self.engines["events"]) as connection:
            events.create_tables(connection)
        with creating(self.engines["keys"]) as connection:
            keyring.create_tables(connection, self.epochs.new)
        with creating(self.engines["accounts"]) as connection:
            accounts.create_tables(connection)
            sweeps.create_tables(connection)

    def _furnish(self) -> None:
        directory = self.office.directory
        directory.found(self.command("system:init"), Settings(name="Mairie de Saint-Aubin"))
        directory.define_procedure(self.command("system:init"), Definition("AEN", "Acte de naissance", "État civil"))
        rights = Rights(frozenset({Role.AGENT}), frozenset({"État civil"}))
        directory.register_agent(self.command("system:init"), "camille", "Camille Martin", rights)
        with directory.change_townhall(self.command("system:init")) as townhall:
            townhall.add_terms("outcome", [Term("traitee", "Traitée")])


__all__ = ["MARIE", "MORNING", "KeepingTransport", "MovingClock", "Town"]
