"""How each fact moves the rows: the general case first, then only what differs.

The one description of these rules: the catch-up after a command and the rebuild of millions of facts both fold here.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from domain.agent import Agent
from domain.demand import Demand
from domain.facts import Fact
from domain.instants import EPOCH, micros
from domain.procedure import Procedure
from domain.reminders import KINDS as REMINDED_OF
from domain.status import FINISHED, Status
from domain.townhall import Townhall
from projections.amounts import COUNTS, Count
from projections.batch import Batch
from projections.facts import Record, agent_in, decoder, is_without_text, unreadable
from projections.rows import SENT_AGAIN, Milestone, OpenRow
from projections.settings import SETTINGS
from projections.tables import NEVER
from projections.tallies import OPENED, RECEIVED

Change = Callable[[OpenRow, Any, int], None]
_changes: Final[dict[str, Change]] = {}
_UNTREATED: Final = Status.UNTREATED.value
_FINISHED: Final = frozenset(status.value for status in FINISHED)
_LETTER, _FAILED = Demand.MailRequested.__name__, Demand.MailFailed.__name__
_DAY_US: Final = 86_400_000_000
_SECOND_US: Final = 1_000_000


class Kind(msgspec.Struct, frozen=True):
    """What the lists know of one kind of fact."""

    name: str
    decode: Callable[[bytes], Any]
    fold: Callable[[Batch, Record, "Kind", Any], None]
    leads_to: str | None = None
    change: Change | None = None
    count: Count | None = None


def fold_records(batch: Batch, records: Iterable[Record]) -> None:
    """Let stored facts change the batch, in their order; raises UnreadableFact at one it cannot read."""
    for record in records:
        try:
            kind = KINDS[record[3]]
            fact = kind.decode(record[4])
        except (KeyError, msgspec.MsgspecError, UnicodeDecodeError, TypeError):
            raise unreadable(record) from None
        kind.fold(batch, record, kind, fact)


def of_demand(record: Record) -> bool:
    """Whether a stored fact is one of a demand's."""
    kind = KINDS.get(record[3])
    return kind is not None and kind.fold in (_receive, _move)


def handles(kind: type[Fact]) -> Callable[[Change], Change]:
    """Register what one kind of fact changes in an open demand, besides its status."""

    def register(change: Change) -> Change:
        _changes[kind.topic] = change
        return change

    return register


def _micros(fact: Any) -> int:
    """The domain's ``micros``, without its division."""
    since = fact.timestamp - EPOCH
    whole: int = since.days * _DAY_US + since.seconds * _SECOND_US + since.microseconds
    return whole


def _receive(batch: Batch, record: Record, kind: Kind, fact: Any) -> None:
    at, identity = _micros(fact), record[1]
    row = batch.open[identity] = OpenRow(
        record[0],
        identity,
        fact.reference,
        fact.procedure,
        fact.service,
        fact.channel,
        fact.has_email,
        _UNTREATED,
        agent=None,
        submitted_at=at,
        taken_at=None,
        held_since=None,
        held_for=0,
        due_at=NEVER,
        reminded_at=None,
        remind_at=NEVER,
        since=at,
        version=1,
        interval_version=1,
        applicant=fact.applicant.box,
        milestones=[Milestone(kind.name, at, agent_in(fact.actor), fact.detail)],
        dirty=True,
        interval_since=at,
    )
    batch.set_due(row)
    batch.tallies.open[row.service, row.procedure, row.status, None] += 1
    amounts = batch.tallies.days[batch.days.name(at), row.procedure, row.service, row.channel, None]
    amounts[RECEIVED] += 1
    amounts[OPENED] += 1


def _move(batch: Batch, record: Record, kind: Kind, fact: Any) -> None:
    at, agent = _micros(fact), agent_in(fact.actor)
    row = batch.open.get(record[1])
    if row is None:
        _remember(batch, record, kind, fact, at)
        return
    status, owner = row.status, row.agent
    row.version, row.dirty = record[2], True
    row.milestones.append(_milestone(kind, fact, at, row.milestones))
    if kind.count is not None:
        who = owner if kind.leads_to is None or kind.leads_to == Status.DELETED else agent
        kind.count(batch, row, (batch.days.name(at), row.procedure, row.service, row.channel, who), at)
    if kind.leads_to is not None:
        row.status = kind.leads_to
    if kind.change is not None:
        kind.change(row, fact, at)
    if row.status != status or row.agent != owner:
        _change_place(batch, row, fact, at, status, owner)


def _change_place(batch: Batch, row: OpenRow, fact: Any, at: int, status: str, owner: str | None) -> None:
    """The demand entered another status or other hands: intervals, counters and due date follow."""
    tallies, day = batch.tallies, batch.days.name(at)
    tallies.open[row.service, row.procedure, status, owner] -= 1
    batch.end_interval(row, at, status, owner)
    if row.status in _FINISHED:
        tallies.days[day, row.procedure, row.service, row.channel, owner][OPENED] -= 1
        batch.finish(row, at, fact.detail)
        return
    if row.status != status:
        row.since = at
        batch.set_due(row)
    tallies.open[row.service, row.procedure, row.status, row.agent] += 1
    batch.begin_interval(row, at)
    if row.agent != owner:
        tallies.days[day, None, None, None, owner][OPENED] -= 1
        tallies.days[day, None, None, None, row.agent][OPENED] += 1


def _milestone(kind: Kind, fact: Any, at: int, before: list[Milestone]) -> Milestone:
    """What stays of a fact: a letter asked for without its text, after one of its kind failed, is sent again."""
    name = kind.name
    if name == _LETTER and is_without_text(fact):
        failed = any(one.kind == _FAILED and one.detail == fact.detail for one in before)
        name = SENT_AGAIN if failed else name
    return Milestone(name, at, agent_in(fact.actor), fact.detail)


def _remember(batch: Batch, record: Record, kind: Kind, fact: Any, at: int) -> None:
    """A fact of a finished demand: the erasure, or the last word about its closing letter."""
    row = batch.finished.get(record[1])
    if row is None:
        raise LookupError(f"no row for {kind.name} of {record[1]}")
    row.version = record[2]
    row.milestones.append(_milestone(kind, fact, at, row.milestones))
    if record[3] == Demand.PersonalDataErased.topic:
        row.erased_at = at


def _set(batch: Batch, record: Record, _: Kind, fact: Any) -> None:
    SETTINGS[record[3]](batch, record[1], fact)


def _pass(_: Batch, __: Record, ___: Kind, ____: Any) -> None:
    """Nothing that the lists show."""


@handles(Demand.TakenInCharge)
def _taken(row: OpenRow, fact: Any, at: int) -> None:
    """Who took it has it; reminders begin anew."""
    row.agent, row.taken_at, row.reminded_at = agent_in(fact.actor), at, None


@handles(Demand.PutOnHold)
def _held(row: OpenRow, _: Any, at: int) -> None:
    """The clocks stop."""
    row.held_since = at


@handles(Demand.Resumed)
def _resumed(row: OpenRow, _: Any, at: int) -> None:
    """The clocks run again, net of the wait."""
    if row.held_since is not None:
        row.held_for += at - row.held_since
    row.held_since = None


@handles(Demand.Reassigned)
def _reassigned(row: OpenRow, fact: Any, _: int) -> None:
    """Another agent has it, or is designated."""
    row.agent = fact.detail


@handles(Demand.Reminded)
def _reminded(row: OpenRow, fact: Any, _: int) -> None:
    """The next reminder comes after this one; what was recorded while somebody took the demand is not about now."""
    if REMINDED_OF.get(Status(row.status)) == fact.detail:
        occurrence = micros(fact.occurrence)
        row.reminded_at = max(row.reminded_at or occurrence, occurrence)
        row.reckoned = False


def _kind(fact: type[Any]) -> Kind:
    topic: str = fact.topic
    if not issubclass(fact, Demand.Event):
        return Kind(fact.__name__, decoder(fact), _set if topic in SETTINGS else _pass)
    fold = _receive if fact is Demand.Submitted else _move
    leads_to = None if fact.leads_to is None else fact.leads_to.value
    return Kind(fact.__name__, decoder(fact), fold, leads_to, _changes.get(topic), COUNTS.get(topic))


KINDS: Final = {
    fact.topic: _kind(fact)
    for subject in (Demand, Agent, Procedure, Townhall)
    for fact in vars(subject).values()
    if isinstance(fact, type) and issubclass(fact, Fact) and "topic" in vars(fact)
}
