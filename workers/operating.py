"""Work on many demands at once, carried out a group at a time; a worker that dies is followed by another one.

It has a thread of its own: a thousand demands to give to somebody else take seconds, during which the clock's single
thread has erasures to finish and news to tell. The operation's id is the command's, so a group that was recorded by a
worker which died before it could write the results is recognised, and nothing happens twice.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

import sqlalchemy.exc
import structlog
from eventsourcing.persistence import PersistenceError

from domain.agent import Agent
from domain.bulk import JOB, Action, Asked, closing_letter, opened
from domain.closing import close_all
from domain.demand import Demand
from domain.errors import Erased, Invalid, NotAllowed, NotAllowedNow, OutOfDate, Refused, UnknownCode, UnknownDemand
from domain.facts import AGENT, Command
from domain.handle import DemandHandle
from domain.office import Office
from domain.references import demand_id
from store.keyring import StoredKeyring
from store.operations import DONE, Operation, Operations, Result
from workers.group_keys import GroupKeyring

POLL_S: Final = 2.0
LEASE: Final = timedelta(seconds=10)
AGAIN_AFTER: Final = timedelta(seconds=10)
GIVEN_UP_AFTER: Final = timedelta(days=1)
KEPT_FOR: Final = timedelta(days=90)
UNUSED_AFTER: Final = timedelta(hours=1)
GROUPS: Final = {Action.CLOSE: 250, Action.REASSIGN: 50, Action.ADD_EVENT: 50}
"""Closures are recorded together; the other actions one by one, and their progress shows as well."""
OUT_OF_ORDER: Final = (OSError, sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError, PersistenceError)
"""What passes by itself: the group is tried again, for a day."""
Reason = tuple[str, str | None]
_CHUNK: Final = 500
_log: Final = structlog.get_logger()


class Operator:
    """Carries out what agents asked for many demands; any number of processes may hold one."""

    def __init__(
        self, office: Office, operations: Operations, keyring: StoredKeyring, clock: Callable[[], datetime]
    ) -> None:
        self._office, self._operations, self._keyring, self._clock = office, operations, keyring, clock
        self.wake = Event()

    def run(self, stopping: Event) -> None:
        """Work until told to stop: at once when woken, else every few seconds; a store that is away is tried again."""
        while not stopping.is_set():
            self.wake.clear()
            try:
                while not stopping.is_set() and self.turn():
                    pass
            except Exception as error:  # noqa: BLE001 — the loop outlives a store that is away; texts may be personal
                _log.error("operations", outcome="error", why=type(error).__name__)
            self.wake.wait(POLL_S)

    def turn(self) -> bool:
        """Carry one operation on by one group; False when none is waiting."""
        now = self._clock()
        held = self._operations.claim(now, LEASE)
        if held is None:
            return False
        try:
            self._carry_on(held, now)
        except Exception:
            with suppress(*OUT_OF_ORDER):
                self._operations.give_back(held, now + AGAIN_AFTER)
            raise
        return True

    def sweep(self, now: datetime) -> int:
        """Destroy the keys of operations that ended, discard those never asked, forget old operations; how many keys.

        Whoever dies between the end of an operation and the destruction of its key leaves it here.
        """
        self._operations.purge(now - KEPT_FOR)
        return sum(self._sweep_keys(chunk, now) for chunk in _chunks(self._keyring.active(JOB)))

    def _sweep_keys(self, owners: list[UUID], now: datetime) -> int:
        present = self._operations.present(owners)
        ended = present - self._operations.unfinished_among(owners)
        if ended:
            self._keyring.destroy(ended, now)
        old = self._keyring.active(JOB, now - UNUSED_AFTER)
        never_asked = [owner for owner in owners if owner not in present and owner in old]
        if never_asked:
            self._keyring.discard(never_asked, now - UNUSED_AFTER)
        return len(ended) + len(never_asked)

    def _carry_on(self, held: Operation, now: datetime) -> None:
        asked = self._asked(held)
        if asked is None or now >= held.asked_at + GIVEN_UP_AFTER:
            self._operations.abandon(held, now)
            self._keyring.destroy([held.id], now)
            return
        action = Action(held.action)
        group = self._operations.group(held, GROUPS[action])
        reasons = self._careful(held, action, asked, [reference for _, reference in group])
        results = [Result(number, reference, *reasons.get(reference, (DONE, None))) for number, reference in group]
        after = self._operations.record(held, results, self._clock())
        if after is not None and after.ended_at is not None:
            self._keyring.destroy([held.id], self._clock())
            _log.info("operation", job=str(held.id), outcome="ended", count=after.done)

    def _asked(self, held: Operation) -> Asked | None:
        """What was asked; None when its key is gone, as after the restoration of an old backup."""
        key = self._keyring.keys([held.id]).get(held.id)
        return opened(key, held.id, held.details) if key is not None and held.details is not None else None

    def _careful(self, held: Operation, action: Action, asked: Asked, references: Sequence[str]) -> dict[str, Reason]:
        """Why some were not done; a fault of ours on one demand leaves that one aside, and no other."""
        try:
            return self._decide(held, action, asked, references)
        except OUT_OF_ORDER:
            raise
        except Exception as error:  # noqa: BLE001 — the others must not wait for a fault of ours
            _log.error("operations", job=str(held.id), outcome="error", why=type(error).__name__)
            if len(references) == 1:
                return {references[0]: ("error", None)}
        found: dict[str, Reason] = {}
        for reference in references:
            found |= self._careful(held, action, asked, [reference])
        return found

    def _decide(self, held: Operation, action: Action, asked: Asked, references: Sequence[str]) -> dict[str, Reason]:
        """Judged by the rights of this moment: who asked may have left since."""
        office = self._office.at_once()
        by = office.directory.agent(held.agent)
        command = Command(f"{AGENT}{held.agent}", self._clock(), str(held.id))
        if not by.active:
            return dict.fromkeys(references, ("inactive", None))
        carry_out = {Action.CLOSE: _close, Action.REASSIGN: _reassign}.get(action, _add_event)
        reasons = dict(carry_out(office, by, command, asked, references))
        return {reference: _told(office, held, reference, reason) for reference, reason in reasons.items()}


def _told(office: Office, held: Operation, reference: str, reason: Reason) -> Reason:
    """Where a colleague acted since the operation was asked, his name says more than the status he left."""
    if reason[0] != "status":
        return reason
    facts = office.history.facts(demand_id(reference))
    others = [fact.agent for fact in facts if fact.timestamp > held.asked_at and fact.agent not in (None, held.agent)]
    return ("overtaken", others[-1]) if others else reason


def _close(
    office: Office, by: Agent, command: Command, asked: Asked, references: Sequence[str]
) -> Iterator[tuple[str, Reason]]:
    office.keyring = GroupKeyring(office.keyring, [demand_id(reference) for reference in references], command.id)

    def letter(handle: DemandHandle) -> tuple[str, str] | None:
        handle.require(Demand.Closed)
        demand = handle.demand
        if demand.repeated or not (asked.letter and demand.has_email):
            return None
        return closing_letter(office, demand, handle.applicant(), asked, by.name)

    outcome = asked.outcome or ""
    told = close_all(office, references, by=by, command=command, outcome=outcome, comment=asked.comment, letter=letter)
    yield from ((reference, why(refusal)) for reference, refusal in told.items())


def _reassign(
    office: Office, by: Agent, command: Command, asked: Asked, references: Sequence[str]
) -> Iterator[tuple[str, Reason]]:
    to = asked.agent or ""
    for reference in references:
        owner = None
        try:
            with office.reassignment(reference, by=by, command=command) as handle:
                owner = handle.demand.owner
                handle.reassign(to, asked.note)
                _require_lot(handle.demand, by, owner)
        except Invalid:
            yield reference, ("same_agent", to) if owner == to else ("not_able", to)
        except Refused as refusal:
            yield reference, why(refusal)


def _require_lot(demand: Demand, by: Agent, owner: str | None) -> None:
    """Raise NotAllowed, so that nothing is recorded, unless the demand was his own or he leads its service."""
    own = owner == by.code
    if not demand.repeated and not by.rights.reassigns_many(demand.service, own=own):
        raise NotAllowed("reassign many", demand.reference)


def _add_event(
    office: Office, by: Agent, command: Command, asked: Asked, references: Sequence[str]
) -> Iterator[tuple[str, Reason]]:
    for reference in references:
        try:
            with office.demand(reference, by=by, command=command) as handle:
                handle.add_event(asked.event_type or "", asked.comment)
        except Refused as refusal:
            yield reference, why(refusal)


def why(refusal: Refused) -> Reason:
    """A refusal as a code that may be kept in clear, with the status or the agent that a page needs to explain it."""
    match refusal:
        case OutOfDate():
            return "overtaken", refusal.by.removeprefix(AGENT)
        case NotAllowedNow():
            return "status", refusal.status.value
        case NotAllowed():
            return "not_allowed", None
        case UnknownDemand():
            return "unknown", None
        case UnknownCode():
            return "code", None
        case Erased():
            return "erased", None
        case _:
            return "refused", None


def _chunks(owners: list[UUID]) -> list[list[UUID]]:
    return [owners[start : start + _CHUNK] for start in range(0, len(owners), _CHUNK)]
