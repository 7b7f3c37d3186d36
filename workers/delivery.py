"""One letter on its way: claimed, opened, handed over, recorded; a crash anywhere in between is harmless.

The order is: mail server, fact on the demand, outbox row, key. Each step may be repeated, so that a letter is handed
over at least once, and twice only when the worker dies between the first two steps; the Message-ID is then the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final
from uuid import UUID

import msgspec
import structlog

from domain.demand import Demand
from domain.errors import Erased, Overtaken
from domain.facts import Command
from domain.handle import DemandHandle
from domain.instants import micros
from domain.letters import Letter
from domain.sealing import Sealed, place
from store.outbox import Mail
from workers.messages import BadRecipient, compose, sender_of
from workers.parts import WorkerParts
from workers.transport import NotDelivered, Rejected, Transport

LEASE: Final = timedelta(minutes=2)
RETRY_AFTER: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60, 120, 240))
ACTOR: Final = "system:deliver"
_RECORD_TRIES: Final = 5
_log: Final = structlog.get_logger()


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a letter: ``sent``, ``failed`` (``kept`` while it may be sent again), ``queued`` until later."""

    state: str
    why: str | None = None
    status: int | None = None
    enhanced: str | None = None
    until: datetime | None = None
    kept: bool = False


EXPIRED: Final = Verdict("failed", "expired")
SENT: Final = Verdict("sent")


def next_try(attempts: int, now: datetime) -> datetime:
    """When to try again after so many attempts: soon at first, then every four hours."""
    return now + RETRY_AFTER[min(max(attempts, 1), len(RETRY_AFTER)) - 1]


def judge(mail: Mail, failure: NotDelivered | None, now: datetime) -> Verdict:
    """What an attempt means: only the server's own refusal is final before the deadline."""
    if failure is None:
        return SENT
    if isinstance(failure, Rejected):
        return Verdict("failed", failure.why, failure.status, failure.enhanced, kept=now < mail.kept_until)
    if now >= mail.kept_until:
        return EXPIRED
    until = min(next_try(mail.attempts, now), mail.kept_until)
    return Verdict("queued", failure.why, failure.status, failure.enhanced, until=until)


class Deliverer:
    """Delivers the letters of the outbox, one at a time; any number of processes may hold one."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts

    def deliver(self, mail_id: UUID) -> str:
        """Carry one letter as far as it goes; the answer is its state, ``waiting`` when nothing was done."""
        transport, now = self._parts.transport, self._parts.clock()
        mail = self._parts.outbox.claim(mail_id, now, LEASE) if transport is not None else None
        if transport is None or mail is None:
            return "waiting"
        try:
            if not self._parts.may_leave(now):
                self._parts.outbox.give_back(mail)
                return "waiting"
            verdict = self._attempt(mail, transport, now)
            self.settle(mail, verdict)
        except Exception:
            self._parts.outbox.postpone(mail, next_try(mail.attempts, now), mail.why or "")
            raise
        _log.info("delivery", mail_id=str(mail_id), attempt=mail.attempts, outcome=verdict.state, why=verdict.why)
        return verdict.state

    def expire(self, mail: Mail) -> None:
        """Give up a letter whose time is over: a queued one failed, the text of a failed one goes."""
        if mail.state == "queued":
            claimed = self._parts.outbox.claim(mail.mail_id, self._parts.clock(), LEASE)
            if claimed is None:
                return
            self.settle(claimed, EXPIRED)
        else:
            self._parts.outbox.forget(mail.mail_id)
            self._parts.keyring.destroy([mail.mail_id], self._parts.clock())

    def settle(self, mail: Mail, verdict: Verdict) -> None:
        """Record what became of a claimed letter: on the demand, in the outbox, in the keyring.

        A letter that left did leave, whoever has it now; one that did not is another worker's, once the lease is his.
        """
        if verdict.until is not None:
            self._parts.outbox.postpone(mail, verdict.until, verdict.why or "")
        elif verdict.state == "sent" or self._recorded(mail):
            self._settle_sent(mail)
        elif self._parts.outbox.holds(mail):
            self._settle_failed(mail, verdict)

    def _settle_sent(self, mail: Mail) -> None:
        now = self._parts.clock()
        self._record(mail, SENT, now)
        self._parts.left(mail)
        self._parts.outbox.finish(mail.mail_id, SENT.state, now)
        self._parts.keyring.destroy([mail.mail_id], now)

    def _settle_failed(self, mail: Mail, verdict: Verdict) -> None:
        now = self._parts.clock()
        self._record(mail, verdict, now)
        self._parts.outbox.finish(mail.mail_id, verdict.state, now, verdict.why, keep=verdict.kept, claimed=mail)
        if not verdict.kept:
            self._parts.keyring.destroy([mail.mail_id], now)

    def _attempt(self, mail: Mail, transport: Transport, now: datetime) -> Verdict:
        if self._recorded(mail):
            return SENT
        if now >= mail.kept_until:
            return EXPIRED
        try:
            message = self._message(mail, now)
        except Erased:
            return EXPIRED
        except BadRecipient:
            return judge(mail, Rejected(None, "5.1.3"), now)
        if message is None:
            return Verdict("failed", "no_address", kept=now < mail.kept_until)
        return judge(mail, _failure(lambda: transport.send(message)), now)

    def _message(self, mail: Mail, now: datetime) -> EmailMessage | None:
        """The letter, opened by its own key; None for an agent who cannot be written to.

        Raises Erased when the key is gone, BadRecipient when nobody is named.
        """
        key = self._parts.keyring.keys([mail.mail_id]).get(mail.mail_id)
        if key is None or mail.letter is None:
            raise Erased
        text = key.open(Sealed(mail.letter), place(mail.mail_id, 0, "letter"))
        name = self._parts.office.directory.townhall().settings.name
        letter = msgspec.json.decode(text, type=Letter)
        if mail.agent is not None:
            address = self._parts.address_of(mail.agent)
            if address is None:
                return None
            letter = msgspec.structs.replace(letter, recipient=address)
        return compose(letter, mail.mail_id, sender_of(self._parts.sender, name), now)

    def _recorded(self, mail: Mail) -> bool:
        """Whether an earlier worker had the letter taken and died before it could tell the outbox.

        Nothing but the outbox tells of a letter to an agent: after such a death it leaves again, under the same id.
        """
        identity = _history(mail)
        demand = self._parts.register.load(Demand, identity) if identity is not None else None
        return demand is not None and command_id(mail, SENT) in demand.command_ids

    def _record(self, mail: Mail, verdict: Verdict, now: datetime) -> None:
        """Note it in the demand's history; letters to agents belong to no demand and leave no fact."""
        identity = _history(mail)
        if identity is None or self._parts.register.load(Demand, identity) is None:
            return
        command = Command(ACTOR, now, command_id(mail, verdict))
        for left in reversed(range(_RECORD_TRIES)):
            try:
                with self._parts.office.demand_of_job(identity, command) as demand:
                    _note(demand, mail, verdict)
            except Overtaken:
                if not left:
                    raise
            else:
                return


def command_id(mail: Mail, verdict: Verdict) -> str:
    """The same outcome of the same sending is one command; a failure after « renvoyer » is another one."""
    again = f":{micros(mail.resent_at)}" if mail.resent_at and verdict.state == "failed" else ""
    return f"mail:{mail.mail_id}:{verdict.state}{again}"


def _history(mail: Mail) -> UUID | None:
    """The demand in whose history the letter stands; one to an agent stands in none."""
    return mail.demand_id if mail.agent is None else None


def _note(demand: DemandHandle, mail: Mail, verdict: Verdict) -> None:
    if verdict.state == "sent":
        demand.mail_sent(mail.kind, mail.mail_id)
    else:
        demand.mail_failed(mail.kind, mail.mail_id, verdict.why or "", verdict.status, verdict.enhanced)


def _failure(send: Callable[[], None]) -> NotDelivered | None:
    try:
        send()
    except NotDelivered as failure:
        return failure
    return None
