"""How each fact moves the rows: the general case first, then only what differs."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from domain.agent import Agent
from domain.delays import Delays
from domain.demand import Demand
from domain.facts import Fact
from domain.instants import micros
from domain.procedure import Procedure
from domain.status import FINISHED, Status
from domain.townhall import Townhall
from projections.batch import Batch
from projections.rows import Milestone, OpenRow
from projections.tables import NEVER

F = TypeVar("F", bound=Fact)
Change = Callable[[OpenRow, Any], None]
_changes: Final[dict[type[Fact], Change]] = {}
_settings: Final[dict[type[Fact], Callable[[Batch, Any], None]]] = {}
_DETAILS: Final = ("event_type", "reason", "outcome", "to", "kind")


def fold_fact(batch: Batch, seq: int, fact: Fact) -> None:
    """Let one fact change the page; facts of demands move rows, the others change who and what there is."""
    if isinstance(fact, Demand.Submitted):
        _receive(batch, seq, fact)
    elif isinstance(fact, Demand.Event):
        _move(batch, fact)
    elif type(fact) in _settings:
        _settings[type(fact)](batch, fact)


def handles(kind: type[F]) -> Callable[[Callable[[OpenRow, F], None]], Callable[[OpenRow, F], None]]:
    """Register what one kind of fact changes in an open demand, besides its status."""

    def register(change: Callable[[OpenRow, F], None]) -> Callable[[OpenRow, F], None]:
        _changes[kind] = change
        return change

    return register


def concerns(kind: type[F]) -> Callable[[Callable[[Batch, F], None]], Callable[[Batch, F], None]]:
    """Register what one kind of fact changes in the agents, the procedures or the town."""

    def register(change: Callable[[Batch, F], None]) -> Callable[[Batch, F], None]:
        _settings[kind] = change
        return change

    return register


def milestone(fact: Fact) -> Milestone:
    """What stays of a fact for ever: its kind, instant, agent and code."""
    detail = next((getattr(fact, name) for name in _DETAILS if hasattr(fact, name)), None)
    return Milestone(fact.name, micros(fact.timestamp), fact.agent, None if detail is None else str(detail))


def _receive(batch: Batch, seq: int, fact: Demand.Submitted) -> None:
    at = micros(fact.timestamp)
    row = OpenRow(
        seq=seq,
        demand_id=fact.originator_id,
        reference=fact.reference,
        procedure=fact.procedure,
        service=fact.service,
        channel=fact.channel,
        has_email=fact.has_email,
        status=Status.UNTREATED,
        agent=None,
        submitted_at=at,
        taken_at=None,
        held_since=None,
        held_for=0,
        due_at=NEVER,
        since=at,
        version=1,
        interval_version=1,
        applicant=fact.applicant.box,
        milestones=[milestone(fact)],
        new=True,
        dirty=True,
    )
    batch.open[row.demand_id] = row
    batch.set_due(row)
    batch.begin_interval(row, at)
    batch.to_tokenise.append(row)
    batch.tallies.place(row.service, row.procedure, row.status, None, 1)
    keys = row.keys | {"agent": None}
    batch.tallies.count(batch.calendar.local_day(fact.timestamp), keys, received=1, opened=1)


def _move(batch: Batch, fact: Demand.Event) -> None:
    row = batch.open.get(fact.originator_id)
    if row is None:
        _remember(batch, fact)
        return
    before_status, before_agent = row.status, row.agent
    row.version, row.dirty = fact.originator_version, True
    row.milestones.append(milestone(fact))
    _count(batch, row, fact)
    if fact.leads_to is not None:
        row.status = fact.leads_to
    if type(fact) in _changes:
        _changes[type(fact)](row, fact)
    if (row.status, row.agent) != (before_status, before_agent):
        _change_place(batch, row, fact, before_status, before_agent)


def _change_place(batch: Batch, row: OpenRow, fact: Fact, before_status: str, before_agent: str | None) -> None:
    """The demand entered another status or other hands: intervals, counters and due date follow."""
    at = micros(fact.timestamp)
    batch.tallies.place(row.service, row.procedure, before_status, before_agent, -1)
    batch.end_interval(row, at)
    if row.status != before_status:
        row.since = at
        batch.set_due(row)
    day = batch.calendar.local_day(fact.timestamp)
    if Status(row.status) in FINISHED:
        batch.tallies.count(day, row.keys | {"agent": before_agent}, opened=-1)
        batch.finish(row, at, getattr(fact, "outcome", None))
        return
    batch.tallies.place(row.service, row.procedure, row.status, row.agent, 1)
    batch.begin_interval(row, at)
    if row.agent != before_agent:
        batch.tallies.count(day, {"agent": before_agent}, opened=-1)
        batch.tallies.count(day, {"agent": row.agent}, opened=1)


def _count(batch: Batch, row: OpenRow, fact: Fact) -> None:
    """What the fact adds to the statistics; the row still stands as before the fact."""
    at, day = micros(fact.timestamp), batch.calendar.local_day(fact.timestamp)
    if isinstance(fact, Demand.TakenInCharge):
        keys, waited = row.keys | {"agent": fact.agent}, at - row.submitted_at
        in_time = int(at <= row.due_at != NEVER)
        batch.tallies.count(day, keys, taken=1, taken_in_time=in_time, take_us=waited)
        batch.tallies.delay(day, keys, "take", waited)
    elif isinstance(fact, Demand.Closed):
        keys, worked = row.keys | {"agent": fact.agent}, at - row.submitted_at - row.held_for
        in_time = int(at <= row.due_at != NEVER)
        batch.tallies.count(day, keys, closed=1, closed_in_time=in_time, close_us=worked)
        batch.tallies.delay(day, keys, "close", worked)
    elif isinstance(fact, Demand.Expired):
        batch.tallies.count(day, row.keys | {"agent": row.agent}, deleted=1)
    elif isinstance(fact, Demand.Reminded):
        batch.tallies.count(day, row.keys | {"agent": row.agent}, reminders=1)


def _remember(batch: Batch, fact: Demand.Event) -> None:
    """A fact of a finished demand: the erasure, or the last word about its closing letter."""
    row = batch.finished.get(fact.originator_id)
    if row is None:
        raise LookupError(f"no row for {fact.name} of {fact.originator_id}")
    row.version = fact.originator_version
    row.milestones.append(milestone(fact))
    if isinstance(fact, Demand.PersonalDataErased):
        row.erased_at = micros(fact.timestamp)


@handles(Demand.TakenInCharge)
def taken(row: OpenRow, fact: Demand.TakenInCharge) -> None:
    """Who took it has it."""
    row.agent, row.taken_at = fact.agent, micros(fact.timestamp)


@handles(Demand.PutOnHold)
def held(row: OpenRow, fact: Demand.PutOnHold) -> None:
    """The clocks stop."""
    row.held_since = micros(fact.timestamp)


@handles(Demand.Resumed)
def resumed(row: OpenRow, fact: Demand.Resumed) -> None:
    """The clocks run again, net of the wait."""
    if row.held_since is not None:
        row.held_for += micros(fact.timestamp) - row.held_since
    row.held_since = None


@handles(Demand.Reassigned)
def reassigned(row: OpenRow, fact: Demand.Reassigned) -> None:
    """Another agent has it, or is designated."""
    row.agent = fact.to


@concerns(Agent.Registered)
def registered(batch: Batch, fact: Agent.Registered) -> None:
    """A new agent."""
    who = {"code": fact.code, "name": fact.agent_name, "active": fact.active}
    batch.agents[fact.originator_id] = who | _rights(fact)


@concerns(Agent.RightsChanged)
def rights_changed(batch: Batch, fact: Agent.RightsChanged) -> None:
    """Other rights."""
    batch.agent(fact.originator_id).update(_rights(fact))


@concerns(Agent.Deactivated)
def deactivated(batch: Batch, fact: Agent.Deactivated) -> None:
    """An agent who left keeps his name."""
    batch.agent(fact.originator_id)["active"] = False


@concerns(Agent.Activated)
def activated(batch: Batch, fact: Agent.Activated) -> None:
    """An agent who came back."""
    batch.agent(fact.originator_id)["active"] = True


@concerns(Procedure.Defined)
def defined(batch: Batch, fact: Procedure.Defined) -> None:
    """A new procedure, or other delays: the due dates of its open demands follow at once."""
    definition = fact.definition
    batch.procedures[definition.code] = {
        "code": definition.code,
        "title": definition.title,
        "service": definition.service,
        "restricted": definition.restricted,
        "take_days": definition.take_delay_days,
        "close_days": definition.close_delay_days,
        "working": definition.delay_calendar == "working",
    }
    delays = Delays(definition.take_delay_days, definition.close_delay_days, definition.delay_calendar == "working")
    batch.change_delays(definition.code, delays)


concerns(Procedure.Revised)(defined)  # type: ignore[arg-type]  # a revision carries the same definition


@concerns(Townhall.Founded)
def founded(batch: Batch, fact: Townhall.Founded) -> None:
    """The town's holidays decide working days."""
    batch.change_calendar(alsace_moselle=fact.settings.alsace_moselle)


concerns(Townhall.SettingsChanged)(founded)  # type: ignore[arg-type]  # the same settings


def _rights(fact: Agent.Registered | Agent.RightsChanged) -> dict[str, str]:
    return {name: msgspec.json.encode(getattr(fact, name)).decode() for name in ("roles", "services", "procedures")}
