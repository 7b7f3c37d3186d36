"""The past of the fictitious town: some 300 demands in every state and of every age, the same for the same seed."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from domain.agent import Agent
from domain.applicant import Applicant
from domain.facts import Command
from domain.intake import Form
from domain.letters import LetterKind
from domain.office import Office
from suivi.demo import answers, people
from suivi.demo.town import AGENTS, CLOSING_COMMENTS, COMMENTS, HOLD_DETAILS, REASSIGNMENT_NOTES
from suivi.founding import raw_catalogue

if TYPE_CHECKING:
    from suivi.compose import Installation

DEMANDS: Final = 300
CLIENT: Final = "site"
_WEEKEND: Final = 5
_CHANNELS: Final = ("internet",) * 15 + ("desk",) * 4 + ("phone",) * 2 + ("post", "e-mail")
_POPULAR: Final = {"AEN": 9, "SIG": 6, "CAN": 5, "ILE": 5, "AED": 3, "AEM": 3, "RCC": 4, "ODP": 3, "JCC": 3}
_FATES: Final = {"closed": 46, "untreated": 18, "in_progress": 25, "on_hold": 11}
_DAYS_AGO: Final = {"closed": (15, 330), "untreated": (0, 9), "in_progress": (2, 60), "on_hold": (6, 75)}
_OUTCOMES: Final = ("traitee",) * 12 + ("refusee", "sans_suite", "sans_suite", "transmise")


class Life(msgspec.Struct):
    """What is to happen to one demand."""

    received: datetime
    fate: str
    definition: dict[str, Any]


class Lives:
    """Plays the lives through the office itself, at instants of the past; letters leave through ``deliver``."""

    def __init__(
        self, installation: "Installation", rng: random.Random, deliver: Callable[[UUID, datetime], None]
    ) -> None:
        self._rng, self._now, self._zone, self._deliver = rng, installation.clock(), installation.zone, deliver
        self._outbox = installation.outbox
        self._office = Office(
            installation.register,
            installation.keyring,
            zone=installation.zone,
            fingerprint=installation.secrets.fingerprint,
            random_bits=rng.getrandbits,
        )
        self._agents = [self._office.directory.agent(agent.code) for agent in AGENTS]

    def play(self, number: int, progress: Callable[[int], None]) -> None:
        """Play some lives, in the order in which they begin."""
        for life in sorted(self._plan(number), key=lambda life: life.received):
            self._live(life)
            progress(1)

    def _plan(self, number: int) -> Iterator[Life]:
        definitions = list(raw_catalogue())
        weights = [_POPULAR.get(definition["code"], 1) for definition in definitions]
        chosen = definitions + self._rng.choices(definitions, weights, k=max(0, number - len(definitions)))
        for definition in chosen:
            fate = self._rng.choices(list(_FATES), list(_FATES.values()))[0]
            first, last = _DAYS_AGO[fate]
            days = self._rng.triangular(first, last, first)
            yield Life(self._office_hours(self._now - timedelta(days)), fate, definition)

    def _live(self, life: Life) -> None:
        reference = self._receive(life)
        owners = [
            a for a in self._agents if a.rights.processes(self._office.directory.definition(life.definition["code"]))
        ]
        owner = self._rng.choice(owners)
        if life.fate == "untreated":
            self._designate(reference, owners, life.received)
            return
        at = self._take(reference, owner, life.received)
        at, owner = self._work(reference, owner, owners, at)
        if life.fate == "on_hold":
            self._hold(reference, owner, self._later(at, 4))
        elif life.fate == "closed":
            self._close(reference, owner, self._later(at, 20))

    def _receive(self, life: Life) -> str:
        channel = self._rng.choice(_CHANNELS)
        applicant = people.applicant(self._rng, with_email=0.85 if channel == "internet" else 0.4)
        given = answers.answers(life.definition, self._rng, life.received.date(), applicant=applicant)
        form = Form(life.definition["code"], channel, msgspec.convert(applicant, Applicant), given, CLIENT)
        receipt = self._office.intake.submit(self._command(f"api:{CLIENT}", life.received), form)
        self._send(receipt.reference, life.received)
        return receipt.reference

    def _take(self, reference: str, owner: Agent, received: datetime) -> datetime:
        at = self._later(received, 3)
        with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
            demand.take_in_charge()
        dossier = self._office.dossier(reference, owner)
        if dossier.demand.has_email:
            kind = LetterKind.ACKNOWLEDGEMENT
            at = min(at + timedelta(minutes=self._rng.randint(1, 6)), self._now)
            with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
                if self._rng.random() < 0.9:
                    demand.send_mail(kind, *self._office.draft(dossier, kind, owner.name, {}))
                else:
                    demand.decline_mail(kind)
            self._send(reference, at)
        return at

    def _work(self, reference: str, owner: Agent, owners: list[Agent], at: datetime) -> tuple[datetime, Agent]:
        """Milestones, sometimes a wait that is over, sometimes another agent."""
        for _ in range(self._rng.choice((0, 1, 1, 2, 3))):
            at = self._later(at, 5)
            event_type = self._rng.choice(list(COMMENTS))
            with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
                demand.add_event(event_type, self._rng.choice(COMMENTS[event_type]))
        if self._rng.random() < 0.2:
            at = self._hold(reference, owner, self._later(at, 4))
            at = self._later(at, 8)
            with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
                demand.resume()
        if len(owners) > 1 and self._rng.random() < 0.12:
            heir = self._rng.choice([agent for agent in owners if agent.code != owner.code])
            at = self._later(at, 3)
            with self._office.reassignment(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
                demand.reassign(heir.code, self._rng.choice(REASSIGNMENT_NOTES))
            owner = heir
        return at, owner

    def _hold(self, reference: str, owner: Agent, at: datetime) -> datetime:
        reason = self._rng.choice(list(HOLD_DETAILS))
        with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
            demand.put_on_hold(reason, self._rng.choice(HOLD_DETAILS[reason]))
        return at

    def _close(self, reference: str, owner: Agent, at: datetime) -> None:
        outcome = self._rng.choice(_OUTCOMES)
        comment = self._rng.choice(CLOSING_COMMENTS[outcome])
        dossier = self._office.dossier(reference, owner)
        label = self._office.directory.townhall().vocabularies["outcome"][outcome]
        known = {"issue": label, "commentaire": comment}
        letter = (
            self._office.draft(dossier, LetterKind.CLOSURE, owner.name, known) if dossier.demand.has_email else None
        )
        with self._office.demand(reference, by=owner, command=self._command(_actor(owner), at)) as demand:
            demand.close(outcome, comment, letter)
        self._send(reference, at)

    def _designate(self, reference: str, owners: list[Agent], received: datetime) -> None:
        """Some heads say who should take a demand before anybody does."""
        if self._rng.random() < 0.15:
            by, to = self._rng.choice(owners), self._rng.choice(owners)
            command = self._command(_actor(by), self._later(received, 1))
            with self._office.reassignment(reference, by=by, command=command) as demand:
                demand.reassign(to.code)

    def _send(self, reference: str, at: datetime) -> None:
        demand = self._office.dossier(reference, None).demand
        for mail in self._outbox.of_demand(demand.id):
            if mail.state == "queued":
                self._deliver(mail.mail_id, min(at + timedelta(seconds=20), self._now))

    def _command(self, actor: str, at: datetime) -> Command:
        return Command(actor, at, f"{self._rng.getrandbits(128):032x}")

    def _later(self, at: datetime, days: float) -> datetime:
        """Some time later, in office hours, never after now and seldom just before it."""
        soon = at + timedelta(minutes=self._rng.randint(3, 90))
        wait = min(timedelta(days=self._rng.expovariate(1 / days)), (self._now - at) * self._rng.uniform(0.2, 0.5))
        return min(max(soon, self._office_hours(soon + wait)), self._now)

    def _office_hours(self, at: datetime) -> datetime:
        return office_hours(at, self._zone, self._rng) if at < self._now - timedelta(days=1) else min(at, self._now)


def office_hours(at: datetime, zone: tzinfo, rng: random.Random) -> datetime:
    """The same day, or the Friday before, at an hour when town halls work."""
    local = at.astimezone(zone)
    local -= timedelta(max(0, local.weekday() - _WEEKEND + 1))
    opened = local.replace(hour=rng.randint(8, 17), minute=rng.randint(0, 59), second=rng.randint(0, 59))
    return opened.astimezone(at.tzinfo)


def _actor(agent: Agent) -> str:
    return f"agent:{agent.code}"
