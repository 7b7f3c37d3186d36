"""Deletion of demands that nobody took in the time their procedure allows, and the warnings before it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from domain.definition import Definition
from domain.demand import Demand
from domain.drafts import draft, values
from domain.expiry import RULE, Ending, ending, fading
from domain.facts import Command, Fact
from domain.handle import DemandHandle
from domain.instants import micros
from domain.letters import LetterKind
from domain.notices import Notice
from domain.recipients import Staff
from domain.status import Status
from workers.occasions import Occasions, by_agent, held, in_batches, judged, pages, recorded

ACTOR: Final = "system:expire"
BATCH: Final = 5_000
"""A run of more candidates than that writes an agent one letter for each so many."""


class Told(msgspec.Struct, frozen=True):
    """A demand that ends or soon will, and the agents who are told."""

    ending: Ending
    agents: tuple[str, ...]

    @property
    def demand_id(self) -> UUID:
        """The demand it is about."""
        return self.ending.demand_id


def due_endings(occasions: Occasions, now: datetime, as_of: datetime | None = None, *, warn: bool = True) -> list[Told]:
    """What is to be deleted or warned of by now; with ``as_of`` only the facts dated up to then count."""
    return _decide(occasions, occasions.staff(), now, as_of, warn, _candidates(occasions, now, as_of))


def expire(occasions: Occasions, now: datetime, as_of: datetime | None = None, *, warn: bool = True) -> list[Told]:
    """Delete and warn, and queue the letters that tell of it; keys go right after the facts. What was recorded."""
    staff = occasions.staff()
    return list(
        in_batches(
            pages(_candidates(occasions, now, as_of), BATCH),
            partial(_decide, occasions, staff, now, as_of, warn),
            partial(_record, occasions, staff, now),
        )
    )


def _candidates(occasions: Occasions, now: datetime, as_of: datetime | None) -> list[UUID]:
    ending_ones = [one for one in occasions.definitions() if one.deletion_delay_days is not None]
    if as_of is not None:
        return occasions.overdue.as_of(as_of, Status.UNTREATED) if ending_ones else []
    furthest = max(occasions.settings.expiry_warning_days, default=0)
    return [
        demand
        for definition in ending_ones
        for demand in occasions.overdue.untreated(
            definition.code, now - timedelta((definition.deletion_delay_days or 0) - furthest - 1)
        )
    ]


def _decide(
    occasions: Occasions,
    staff: Staff,
    now: datetime,
    as_of: datetime | None,
    warn: bool,  # noqa: FBT001 — bound by partial
    demands: Sequence[UUID],
) -> list[Told]:
    warning_days, calendar = occasions.settings.expiry_warning_days if warn else (), occasions.today()
    directory = occasions.still()

    def judge(facts: Sequence[Fact]) -> Told | None:
        one = fading(facts, as_of)
        if one is None:
            return None
        definition = directory.definition(one.demand.procedure)
        end = ending(one, definition, warning_days, calendar, now)
        return Told(end, staff.of_untreated(definition)) if end is not None else None

    return judged(occasions, demands, judge, lambda told: (told.ending.deadline, told.ending.reference))


def _record(occasions: Occasions, staff: Staff, now: datetime, due_now: list[Told]) -> list[Told]:
    return recorded(occasions, due_now, partial(_ended, occasions, now), now, partial(_notices, occasions, staff))


def _notices(occasions: Occasions, staff: Staff, done: Sequence[Told]) -> list[tuple[Notice, list[tuple[str, str]]]]:
    digests = occasions.digests(staff)
    told = [(one.ending, one.agents) for one in done]
    over = by_agent((end, agents) for end, agents in told if end.over)
    soon = by_agent((end, agents) for end, agents in told if not end.over)
    return [
        *((digests.deleted(agent, ends), [(end.reference, "deleted") for end in ends]) for agent, ends in over.items()),
        *(
            (
                digests.warning(agent, ends),
                [(end.reference, f"{end.days_before}:{micros(end.deadline)}") for end in ends],
            )
            for agent, ends in soon.items()
        ),
    ]


def _ended(occasions: Occasions, now: datetime, told: Told, demand: Demand | None) -> DemandHandle | None:
    end = told.ending
    what = "over" if end.over else f"warning:{end.days_before}"

    def note(handle: DemandHandle) -> None:
        if end.days_before is None:
            handle.expire(RULE, end.deadline, _letter(occasions, handle))
        else:
            handle.demand.warn_of_expiry(end.deadline, end.days_before, told.agents)

    return held(occasions, demand, Command(ACTOR, now, f"expiry:{what}:{micros(end.deadline)}"), note)


def _letter(occasions: Occasions, handle: DemandHandle) -> tuple[str, str] | None:
    """What the citizen is told, if he left an address."""
    demand = handle.demand
    if not demand.has_email or demand.status is not Status.UNTREATED:
        return None
    definition: Definition = occasions.office.directory.definition(demand.procedure)
    townhall, zone = occasions.office.directory.townhall(), occasions.today().zone
    known = values(demand.reference, definition, townhall, demand.submitted_at, zone, handle.applicant())
    return draft(definition, LetterKind.DELETION, known)
