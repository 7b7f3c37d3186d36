"""Many demands decided by one job and recorded together with the letters that tell of them, or not at all."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.demand import Demand
from domain.facts import Fact
from domain.handle import DemandHandle
from domain.ports import Outgoing

if TYPE_CHECKING:
    from domain.office import Office

_log = logging.getLogger("suivi.domain")


def save_together(
    office: "Office", handles: Sequence[DemandHandle], letters: Sequence[Outgoing], now: datetime
) -> None:
    """Record every decision and letter in one transaction, then destroy the keys of what was erased.

    Raises LostRace, and records nothing, when anybody was faster on one of the demands.
    """
    facts: list[Fact] = []
    outbox, deadlines = list(letters), dict[UUID, datetime]()
    for handle in handles:
        facts += handle.demand.collect_events()  # type: ignore[arg-type]  # the library's wider event type
        outbox += handle.outgoing
        deadlines |= handle.deadlines()
    if not facts and not outbox:
        return
    office.history.append(facts, outbox=outbox, deadlines=deadlines)
    erased = [fact.originator_id for fact in facts if isinstance(fact, Demand.PersonalDataErased)]
    if erased:
        destroy_keys(office, erased, now)
    office.saved()


def destroy_keys(office: "Office", demands: Sequence[UUID], now: datetime) -> None:
    """What is recorded stays recorded whatever happens here: a key that cannot be destroyed is left to the sweep."""
    try:
        office.keyring.destroy(demands, now)
    except Exception:  # noqa: BLE001 — whatever it is, « nothing was recorded » would be untrue
        _log.warning("the keys of %d demands are left to the sweep", len(demands))
