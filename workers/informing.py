"""Agents hear of new demands, at once or once a day, and of demands that change hands; read from the facts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification

from domain.delays import Calendar
from domain.demand import Demand
from domain.digests import Digests
from domain.facts import Fact
from domain.notices import Line, Notice
from domain.recipients import Staff
from domain.reminders import Waiting
from store.followers import DIGEST, NEWS, Place
from store.preferences import Information
from workers.occasions import Occasions, by_agent

IMPORTED: Final = "import:"
"""How the command ids of imported histories begin; nobody is told of the past of another system."""
_PAGE: Final = 500
_TOLD: Final = (Demand.Submitted.topic, Demand.Reassigned.topic)


class News(msgspec.Struct, frozen=True):
    """One demand to tell of, and its line in the letter."""

    demand_id: UUID
    number: int
    line: Line


def tell_news(occasions: Occasions, now: datetime) -> int:
    """Queue what the facts recorded since the last look have to tell, exactly once; how many letters."""
    queued = 0
    while True:
        seen = occasions.followers.place(NEWS)
        page = occasions.register.notifications(seen.position, _PAGE)
        if not page:
            return queued
        letters = occasions.letters(_of_page(occasions, page), now)
        if not occasions.followers.move(NEWS, seen, Place(page[-1].id, now), letters):
            return queued
        queued += len(letters)


def tell_daily(occasions: Occasions, now: datetime) -> int:
    """Once at each of the town's hours, queue the demands received since the last time; how many letters."""
    hour = occasions.settings.digest_times.last_until(now, occasions.today())
    seen = occasions.followers.place(DIGEST)
    if hour <= seen.ran_at <= now:
        return 0
    head, staff = occasions.register.head(), occasions.staff()
    digests, choices = occasions.digests(staff), occasions.choices()
    told: list[tuple[News, Sequence[str]]] = []
    for number, fact in _recorded(occasions, seen.position, head):
        if isinstance(fact, Demand.Submitted):
            entitled = staff.entitled(occasions.office.directory.definition(fact.procedure))
            agents = [code for code in entitled if choices.get((code, fact.procedure)) is Information.DAILY]
            told.append((_received(occasions, digests, number, fact), agents))
    notices = [
        (digests.daily(agent, [one.line for one in news]), [one.number for one in news])
        for agent, news in by_agent(told).items()
    ]
    letters = occasions.letters(notices, now)
    moved = occasions.followers.move(DIGEST, seen, Place(max(head, seen.position), hour), letters)
    return len(letters) if moved else 0


def _recorded(occasions: Occasions, after: int, head: int) -> Iterator[tuple[int, Fact]]:
    """The facts that agents may be told of, after a number and up to another."""
    while page := occasions.register.notifications(after, _PAGE):
        yield from ((number, fact) for number, fact in _facts(occasions, page) if number <= head)
        after = page[-1].id
        if after >= head:
            return


def _facts(occasions: Occasions, page: Sequence[Notification]) -> Iterator[tuple[int, Fact]]:
    for notification in page:
        if notification.topic in _TOLD:
            fact = occasions.register.fact(notification)
            if not fact.command_id.startswith(IMPORTED):
                yield notification.id, fact


def _of_page(occasions: Occasions, page: Sequence[Notification]) -> Iterator[tuple[Notice, list[object]]]:
    facts = list(_facts(occasions, page))
    if not facts:
        return
    staff = occasions.staff()
    digests, choices = occasions.digests(staff), occasions.choices()
    received: list[tuple[News, Sequence[str]]] = []
    moved: list[tuple[News, Sequence[str]]] = []
    for number, fact in facts:
        if isinstance(fact, Demand.Submitted):
            definition = occasions.office.directory.definition(fact.procedure)
            entitled = staff.entitled(definition)
            wanting = [
                code
                for code in entitled
                if choices.get((code, fact.procedure), Information.AT_ONCE) is Information.AT_ONCE
            ]
            agents = wanting if entitled else staff.administrators()
            received.append((_received(occasions, digests, number, fact), agents))
        elif isinstance(fact, Demand.Reassigned):
            moved.append((_reassigned(occasions, digests, staff, number, fact), _hands(staff, fact)))
    for agent, news in by_agent(received).items():
        yield digests.received(agent, [one.line for one in news], _single(news)), [one.number for one in news]
    for agent, news in by_agent(moved).items():
        yield digests.reassigned(agent, [one.line for one in news], _single(news)), [one.number for one in news]


def _hands(staff: Staff, fact: Demand.Reassigned) -> list[str]:
    """Both agents; who attributed the demand to himself knows."""
    told = {fact.to, fact.previous} - ({fact.agent} if fact.agent == fact.to else set())
    return sorted(code for code in told if code is not None and staff.active(code))


def _received(occasions: Occasions, digests: Digests, number: int, fact: Demand.Submitted) -> News:
    calendar = occasions.today()
    said = f"reçue le {_moment(calendar, fact.timestamp)}"
    demand: Demand = fact.mutate(None)
    due = Waiting(demand, frozenset()).due_at(occasions.office.directory.definition(fact.procedure), calendar)
    if due is not None:
        said += f", à prendre en compte avant le {_moment(calendar, due)}"
    return News(demand.id, number, digests.line(fact.reference, fact.procedure, said))


def _reassigned(occasions: Occasions, digests: Digests, staff: Staff, number: int, fact: Demand.Reassigned) -> News:
    demand = occasions.register.load(Demand, UUID(str(fact.originator_id)))
    if demand is None:
        raise LookupError(f"no history of {fact.originator_id}")
    before = f" (jusque-là : {staff.name(fact.previous)})" if fact.previous else ""
    by = f", par {staff.name(fact.agent)}" if fact.agent else ""
    said = f"attribuée à {staff.name(fact.to)}{before} le {_moment(occasions.today(), fact.timestamp)}{by}"
    return News(demand.id, number, digests.line(demand.reference, demand.procedure, said))


def _single(news: Sequence[News]) -> UUID | None:
    return news[0].demand_id if len(news) == 1 else None


def _moment(calendar: Calendar, at: datetime) -> str:
    return f"{at.astimezone(calendar.zone):%d/%m/%Y à %H:%M}"
