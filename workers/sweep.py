"""What a crash, a lost race or the passing of time leaves behind, and is finished here; every scan may be repeated."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.demand import Demand
from domain.instants import instant, micros
from workers.delivery import LEASE, RETRY_AFTER, Deliverer
from workers.parts import WorkerParts

UNUSED_AFTER: Final = timedelta(hours=1)
LOOK_BACK: Final = timedelta(days=1)
ERASURES: Final = "erasures"
_PAGE: Final = 1_000
_CHUNK: Final = 500


def finish_erasures(parts: WorkerParts, now: datetime) -> int:
    """Destroy the keys of demands erased since the last sweep, for those whose closer died first; how many were seen.

    The position advances after the destruction, so that a crash in between only means another look.
    """
    seen, position = 0, parts.sweeps.position(ERASURES)
    while page := parts.register.notifications(position, _PAGE):
        erased = [_owner(fact) for fact in page if fact.topic == Demand.PersonalDataErased.topic]
        if erased:
            parts.keyring.destroy(erased, now)
        position, seen = page[-1].id, seen + len(erased)
        parts.sweeps.advance(ERASURES, position)
    return seen


def finish_letters(parts: WorkerParts, now: datetime) -> int:
    """Destroy the keys of letters that will not be sent again; how many. None waits longer than any retry may take."""
    parts.outbox.pull_back(now, RETRY_AFTER[-1] + LEASE)
    return sum(_finish_letters(parts, chunk, now) for chunk in _chunks(parts.keyring.active("mail")))


def expire_letters(parts: WorkerParts, deliverer: Deliverer, now: datetime) -> int:
    """Give up the letters whose time is over, sent or not, with or without a mail server; how many."""
    late = parts.outbox.overdue(now, _PAGE)
    for mail in late:
        deliverer.expire(mail)
    return len(late)


def discard_unused(parts: WorkerParts, now: datetime) -> int:
    """Remove the keys that never got a demand or a letter, because the form or the command was not recorded; how many.

    Only keys touched since the last sweep, less a day for clocks that disagree, are looked at.
    """
    return sum(_discard_unused(parts, kind, now) for kind in ("demand", "mail"))


def turn_epoch(parts: WorkerParts, now: datetime) -> bool:
    """Turn the epoch when destroyed keys have lain under it long enough; a date ahead of the clock counts as long."""
    since = parts.keyring.stale_since()
    if since is None or micros(now - parts.turn_after) < since <= micros(now):
        return False
    parts.keyring.turn()
    return True


def _owner(fact: Notification) -> UUID:
    return UUID(str(fact.originator_id))  # the library allows both


def _finish_letters(parts: WorkerParts, mail_ids: list[UUID], now: datetime) -> int:
    finished = parts.outbox.finished_among(mail_ids)
    if finished:
        parts.keyring.destroy(finished, now)
    return len(finished)


def _discard_unused(parts: WorkerParts, kind: str, now: datetime) -> int:
    name, before, discarded = f"unused {kind} keys", now - UNUSED_AFTER, 0
    since = instant(max(parts.sweeps.position(name) - LOOK_BACK // timedelta(microseconds=1), 0))
    for chunk in _chunks(parts.keyring.active(kind, before, since)):
        used = set(parts.outbox.present(chunk)) if kind == "mail" else _with_history(parts, chunk)
        unused = [owner for owner in chunk if owner not in used]
        if unused:
            parts.keyring.discard(unused, before)
        discarded += len(unused)
    parts.sweeps.advance(name, micros(before))
    return discarded


def _with_history(parts: WorkerParts, owners: list[UUID]) -> set[UUID]:
    return {owner for owner in owners if parts.register.facts(owner, lte=1)}


def _chunks(owners: list[UUID]) -> list[list[UUID]]:
    return [owners[start : start + _CHUNK] for start in range(0, len(owners), _CHUNK)]
