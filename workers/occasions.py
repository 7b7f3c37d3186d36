"""What the jobs are given that write to agents, and how such a job decides and records."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from domain.definition import Definition
from domain.delays import Calendar
from domain.demand import Demand
from domain.digests import Digests
from domain.directory import Directory
from domain.errors import Erased, NotAllowedNow
from domain.facts import Command, Fact
from domain.handle import DemandHandle
from domain.joint import save_together
from domain.notices import Notice, Stationery, notice_id, sealed
from domain.office import Office
from domain.ports import LostRace, Outgoing
from domain.recipients import Staff
from domain.townhall import Settings
from projections.overdue import PAGE, Overdue
from store.followers import Followers
from store.preferences import Information
from store.register import Register
from store.sweeps import Sweeps

TRIES: Final = 10
T = TypeVar("T")


class _OfDemand(Protocol):
    @property
    def demand_id(self) -> UUID:
        """The demand that this is about."""


D = TypeVar("D", bound=_OfDemand)
"""Something to record for one demand."""


@dataclass(frozen=True, kw_only=True)
class Occasions:
    """The town hall as the jobs see it that remind, delete and inform.

    ``staff()`` are the agents as they are now, ``procedures()`` the codes of all procedures, ``choices()`` how agents
    want to hear of new demands, ``calendar(alsace_moselle)`` the town's calendar.
    """

    office: Office
    register: Register
    followers: Followers
    sweeps: Sweeps
    overdue: Overdue
    staff: Callable[[], Staff]
    procedures: Callable[[], Iterable[str]]
    choices: Callable[[], Mapping[tuple[str, str], Information]]
    calendar: Callable[[bool], Calendar]
    base_url: str

    @property
    def settings(self) -> Settings:
        """What the town decided."""
        return self.office.directory.townhall().settings

    def today(self) -> Calendar:
        """The calendar in force."""
        return self.calendar(self.settings.alsace_moselle)

    def definitions(self) -> list[Definition]:
        """Every procedure, as it is in force."""
        return [self.office.directory.definition(code) for code in sorted(self.procedures())]

    def still(self) -> Directory:
        """What is in force now, each procedure read once: for what is decided in one moment."""
        return self.office.directory.still()

    def digests(self, staff: Staff) -> Digests:
        """Letters on the town hall's stationery."""
        stationery, directory = Stationery(self.settings.name, self.today().zone, self.base_url), self.still()
        return Digests(stationery, staff, lambda code: directory.definition(code).title)

    def letters(self, notices: Iterable[tuple[Notice, Sequence[object]]], now: datetime) -> list[Outgoing]:
        """Letters to agents for the outbox; the same agent, kind and things told make the same letter."""
        numbered = [(notice_id(notice.kind, notice.agent, *told), notice) for notice, told in notices]
        return sealed(self.office.keyring, numbered, now)


def judged(
    occasions: Occasions,
    demands: Sequence[UUID],
    judge: Callable[[Sequence[Fact]], T | None],
    order: Callable[[T], Any],
) -> list[T]:
    """What is to be done now for some demands, each judged on its facts, in order."""
    found = (judge(facts) for page in pages(demands) for facts in occasions.register.histories(page).values())
    return sorted((one for one in found if one is not None), key=order)


def pages(demands: Sequence[UUID], most: int = PAGE) -> Iterator[Sequence[UUID]]:
    """Some demands, so many at a time."""
    return (demands[start : start + most] for start in range(0, len(demands), most))


def held(
    occasions: Occasions, demand: Demand | None, command: Command, act: Callable[[DemandHandle], None]
) -> DemandHandle | None:
    """The demand with its new facts; None when it has moved on, or the same was recorded meanwhile."""
    if demand is None:
        return None
    handle = DemandHandle(occasions.office, demand, command, None)
    if handle.demand.repeated:
        return None
    try:
        act(handle)
    except (NotAllowedNow, Erased):
        return None
    return handle


def recorded(
    occasions: Occasions,
    due_now: Sequence[D],
    hold: Callable[[D, Demand | None], DemandHandle | None],
    now: datetime,
    notices: Callable[[list[D]], Iterable[tuple[Notice, Sequence[object]]]] = lambda _: (),
) -> list[D]:
    """Save the facts of all that still holds together with the letters that tell of them; what was recorded."""
    read = occasions.register.load_all(Demand, [one.demand_id for one in due_now])
    in_hand = [(one, handle) for one in due_now if (handle := hold(one, read.get(one.demand_id))) is not None]
    done = [one for one, _ in in_hand]
    save_together(occasions.office, [handle for _, handle in in_hand], occasions.letters(notices(done), now), now)
    return done


def in_batches(
    batches: Iterable[Sequence[UUID]],
    decide: Callable[[Sequence[UUID]], list[T]],
    record: Callable[[list[T]], list[T]],
) -> Iterator[T]:
    """Decide on each batch and record it whole; decided again, on what is left, when somebody was faster."""
    for batch in batches:
        for left in reversed(range(TRIES)):
            try:
                yield from record(decide(batch))
            except LostRace:
                if not left:
                    raise
            else:
                break


def by_agent(told: Iterable[tuple[T, Sequence[str]]]) -> dict[str, list[T]]:
    """What is to be told, agent by agent."""
    found: dict[str, list[T]] = {}
    for what, agents in told:
        for agent in agents:
            found.setdefault(agent, []).append(what)
    return found
