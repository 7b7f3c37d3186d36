"""One command on one demand: loaded, sealed and saved once, and decided again when only machines came between."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import msgspec

from domain.agent import Agent
from domain.applicant import Applicant, read_applicant
from domain.demand import Demand
from domain.errors import Erased, Invalid, NotAllowedNow, OutOfDate, Overtaken, UnknownAgent
from domain.facts import Command, Fact
from domain.letters import Letter, LetterKind
from domain.ports import LostRace, Outgoing
from domain.references import NAMESPACE
from domain.sealing import DataKey, Sealed, place

if TYPE_CHECKING:
    from domain.office import Office

MOST_TRIES = 5
_log = logging.getLogger("suivi.domain")
Decision = Callable[[Demand], None]


class DemandHandle:
    """A demand in the hands of one agent or one job; nothing is recorded before ``save``."""

    def __init__(self, office: "Office", demand: Demand, command: Command, agent: Agent | None) -> None:
        self._office, self.command, self.agent = office, command, agent
        self.demand = demand.under(command)
        self._loaded_version = demand.version
        self._decisions: list[Decision] = []
        self.outgoing: list[Outgoing] = []
        self._key: DataKey | None = None

    def require(self, fact: type[Fact]) -> None:
        """Raise NotAllowedNow before anything typed is judged, unless the command was already carried out."""
        allowed = fact.comes_from  # type: ignore[attr-defined]  # a Demand.Event
        if not self.demand.repeated and self.demand.status not in allowed:
            raise NotAllowedNow(self.demand.reference, fact.__name__, self.demand.status, self.demand.owner)

    def take_in_charge(self) -> None:
        """Prendre en compte."""
        self._decide(lambda demand: demand.take_in_charge())

    def put_on_hold(self, reason: str, detail: str | None = None) -> None:
        """Mettre en attente, for a configured reason."""
        self.require(Demand.PutOnHold)
        self._office.directory.townhall().require("reason", reason)
        self._decide(lambda demand: demand.put_on_hold(reason, self._seal(detail, "detail")))

    def resume(self) -> None:
        """Réaffecter le statut en cours."""
        self._decide(lambda demand: demand.resume())

    def reassign(self, agent: str, note: str | None = None) -> None:
        """Réattribuer to another active agent with rights on the procedure; raises Invalid otherwise."""
        self.require(Demand.Reassigned)
        if not self.demand.repeated and agent == self.demand.owner:
            raise Invalid({"agent": ["Cet agent a déjà la demande : choisissez-en un autre."]})
        if not self.demand.repeated and not self._may_own(agent):
            raise Invalid({"agent": ["Choisissez un agent actif qui a des droits sur cette démarche."]})
        self._decide(lambda demand: demand.reassign(agent, self._seal(note, "note")))

    def add_event(self, event_type: str, comment: str | None = None) -> None:
        """Ajouter un événement of a configured type."""
        self.require(Demand.EventAdded)
        self._office.directory.townhall().require("event_type", event_type)
        self._decide(lambda demand: demand.add_event(event_type, self._seal(comment, "comment")))

    def send_mail(self, kind: LetterKind, subject: str, body: str) -> None:
        """Envoyer un courriel to the citizen; its text is also kept, sealed, in the history."""
        self._decide(lambda demand: self._request(demand, kind, subject, body, keep=True))

    def decline_mail(self, kind: LetterKind) -> None:
        """Annuler: no letter, and that is decided."""
        self._decide(lambda demand: demand.decline_mail(kind))

    def close(self, outcome: str, comment: str | None = None, letter: tuple[str, str] | None = None) -> None:
        """Clôturer, tell the citizen if he left an address and a letter is given, and erase."""
        self.require(Demand.Closed)
        self._office.directory.townhall().require("outcome", outcome)

        def decide(demand: Demand) -> None:
            demand.close(outcome, self._seal(comment, "comment"))
            if letter is None:
                demand.decline_mail(LetterKind.CLOSURE)
            else:
                self._request(demand, LetterKind.CLOSURE, *letter, keep=False)
            demand.erase("closure", "closed")

        self._decide(decide)

    def send_again(self, kind: LetterKind, mail_id: UUID) -> None:
        """Renvoyer a letter that failed; its text stands where it was first requested, if it still does."""
        self._decide(lambda demand: demand.request_mail(kind, mail_id, None))

    def mail_sent(self, kind: str, mail_id: UUID) -> None:
        """Note that the mail server took a letter."""
        self._decide(lambda demand: demand.mail_sent(kind, mail_id))

    def mail_failed(
        self, kind: str, mail_id: UUID, why: str, status: int | None = None, enhanced: str | None = None
    ) -> None:
        """Note that a letter will not arrive."""
        self._decide(lambda demand: demand.mail_failed(kind, mail_id, why, status, enhanced))

    def expire(self, rule: str, deadline: datetime, letter: tuple[str, str] | None = None) -> None:
        """Delete a demand nobody took in time, tell the citizen if a letter is given, and erase."""

        def decide(demand: Demand) -> None:
            demand.expire(rule, deadline)
            if letter is not None:
                self._request(demand, LetterKind.DELETION, *letter, keep=False)
            demand.erase("expiry", rule)

        self._decide(decide)

    def applicant(self) -> Applicant:
        """The citizen; raises Erased when the key is gone."""
        return read_applicant(self._data_key().open(self.demand.applicant, place(self.demand.id, 1, "applicant")))

    def save(self) -> None:
        """Record what was decided; raises Overtaken when another agent was faster."""
        for _ in range(MOST_TRIES):
            facts: list[Fact] = list(self.demand.collect_events())  # type: ignore[arg-type]  # wider library type
            if not facts:
                return
            try:
                self._office.history.append(facts, outbox=self.outgoing, deadlines=self.deadlines())
            except LostRace:
                self._decide_again()
            else:
                self._finish(facts)
                return
        raise Overtaken(self.demand.reference, self.demand.status, self.demand.owner, self.demand.actors[-1])

    def record_apart(self) -> None:
        """Decide again and record, after a transaction with other demands recorded nothing; raises Overtaken."""
        self._decide_again()
        self.save()

    def _decide_again(self) -> None:
        """Only machines came between: decide again on what they left; a person's decision is never overridden."""
        fresh = self._office.history.load(Demand, self.demand.id)
        if fresh is None:
            raise LostRace
        other = fresh.other_agent_since(self._loaded_version, None)
        if other is not None and self.agent is not None and self.command.id not in fresh.command_ids:
            raise Overtaken(fresh.reference, fresh.status, fresh.owner, other)
        self.demand, self._loaded_version, self.outgoing = fresh.under(self.command), fresh.version, []
        for decision in self._decisions:
            self._carry_out(decision)

    def _decide(self, decision: Decision) -> None:
        self._decisions.append(decision)
        self._carry_out(decision)

    def _carry_out(self, decision: Decision) -> None:
        """A repeated command decides nothing: after a closure there is not even a key left to seal with.

        A key that went while this hand was deciding means that somebody closed the demand first.
        """
        if self.demand.repeated:
            return
        try:
            decision(self.demand)
        except Erased:
            if not self._is_behind():
                raise
            self._decide_again()

    def _is_behind(self) -> bool:
        fresh = self._office.history.load(Demand, self.demand.id)
        return fresh is not None and fresh.version > self._loaded_version

    def _request(self, demand: Demand, kind: LetterKind, subject: str, body: str, *, keep: bool) -> None:
        mail_id = uuid5(NAMESPACE, f"mail:{demand.id}:{kind}:{self.command.id}")
        demand.require_letter(kind)
        recipient = self.applicant().email if demand.has_email else None
        text = msgspec.json.encode(Letter(recipient or "", subject, body)).decode()
        demand.request_mail(kind, mail_id, self._seal(text, "letter") if keep else None)
        self.outgoing.append(self._office.outgoing(mail_id, demand.id, kind, text, self.command.at))

    def _seal(self, text: str | None, field: str) -> Sealed | None:
        if not text:
            return None
        return self._data_key().seal(text, place(self.demand.id, self.demand.version + 1, field))

    def _data_key(self) -> DataKey:
        if self._key is None:
            keys = self._office.keyring.keys([self.demand.id])
            if self.demand.id not in keys:
                raise Erased(self.demand.reference)
            self._key = keys[self.demand.id]
        return self._key

    def _may_own(self, code: str) -> bool:
        try:
            agent = self._office.directory.agent(code)
        except UnknownAgent:
            return False
        return agent.active and agent.rights.processes(self._office.directory.definition(self.demand.procedure))

    def deadlines(self) -> dict[UUID, datetime]:
        """Letters on their way when the demand is erased leave soon or never."""
        if self.demand.erased_at is None:
            return {}
        return {mail_id: self.command.at + rest for mail_id, rest in self.demand.letters_to_give_up().items()}

    def _finish(self, facts: list[Fact]) -> None:
        self._key = None
        if any(isinstance(fact, Demand.PersonalDataErased) for fact in facts):
            self._destroy_key()
        self._office.saved()

    def _destroy_key(self) -> None:
        """The closure is recorded whatever happens here: a key that cannot be destroyed now is left to the sweep."""
        try:
            self._office.keyring.destroy([self.demand.id], self.command.at)
        except Exception:  # noqa: BLE001 — whatever it is, « nothing was recorded » would be untrue
            _log.warning("the key of %s is left to the sweep", self.demand.reference)


def check_version(demand: Demand, seen: int | None, agent: str | None) -> None:
    """Raise OutOfDate when another agent acted after the version that a page showed."""
    if seen is None or demand.repeated:
        return
    other = demand.other_agent_since(seen, agent)
    if other is not None:
        raise OutOfDate(demand.reference, demand.status, demand.owner, other)
