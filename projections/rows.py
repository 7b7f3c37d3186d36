"""An open demand and a finished one, as the projector holds them while it folds facts.

Identities are hexadecimal texts here; the fields begin with the columns of the table, in their order.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec


class Milestone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What happened when, by which agent; ``detail`` is a configured code, never a text."""

    kind: str
    at: int
    agent: str | None
    detail: str | None


SENT_AGAIN: Final = "MailRequestedAgain"
"""A milestone's own kind for a letter that failed and was asked for once more, which treats no demand."""
milestones_of = msgspec.json.Decoder(list[Milestone]).decode
written = msgspec.json.Encoder().encode


class OpenRow(msgspec.Struct, gc=False):
    """One row of ``current_demands``; ``dirty`` when it must be written, ``stored`` when the table has it already.

    ``interval_since`` is when its present interval began, None once that interval is in its table; ``reckoned`` says
    whether ``remind_at`` holds, False while it is to be worked out again.
    """

    seq: int
    demand_id: str
    reference: str
    procedure: str
    service: str
    channel: str
    has_email: bool
    status: str
    agent: str | None
    submitted_at: int
    taken_at: int | None
    held_since: int | None
    held_for: int
    due_at: int
    reminded_at: int | None
    remind_at: int
    since: int
    version: int
    interval_version: int
    applicant: bytes | None
    milestones: list[Milestone]
    stored: bool = False
    dirty: bool = False
    interval_since: int | None = None
    reckoned: bool = True

    def values(self) -> tuple[Any, ...]:
        """What its table keeps."""
        return (
            self.seq,
            self.demand_id,
            self.reference,
            self.procedure,
            self.service,
            self.channel,
            self.has_email,
            self.status,
            self.agent,
            self.submitted_at,
            self.taken_at,
            self.held_since,
            self.held_for,
            self.due_at,
            self.reminded_at,
            self.remind_at,
            self.since,
            self.version,
            self.interval_version,
            self.applicant,
            written(self.milestones),
        )

    def interval(self, since: int, until: int, status: str, agent: str | None) -> tuple[Any, ...]:
        """A row of ``status_intervals``: who had it in which status, since when and until when."""
        return (
            self.demand_id,
            self.interval_version,
            self.reference,
            self.procedure,
            self.service,
            status,
            agent,
            since,
            until,
        )


class FinishedRow(msgspec.Struct, gc=False):
    """One row of ``journal``."""

    seq: int
    demand_id: str
    reference: str
    procedure: str
    service: str
    channel: str
    status: str
    outcome: str | None
    agent: str | None
    submitted_at: int
    taken_at: int | None
    closed_at: int
    erased_at: int | None
    version: int
    milestones: list[Milestone]
    stored: bool = False

    def values(self) -> tuple[Any, ...]:
        """What its table keeps."""
        return (
            self.seq,
            self.demand_id,
            self.reference,
            self.procedure,
            self.service,
            self.channel,
            self.status,
            self.outcome,
            self.agent,
            self.submitted_at,
            self.taken_at,
            self.closed_at,
            self.erased_at,
            self.version,
            written(self.milestones),
        )


def marks_of(milestones: Sequence[Milestone]) -> set[str]:
    """What the journal finds a demand by: its agents, and event types."""
    events = {f"event:{milestone.detail}" for milestone in milestones if milestone.kind == "EventAdded"}
    return events | {f"agent:{code}" for code in agents_of(milestones)}


def agents_of(milestones: Sequence[Milestone]) -> list[str]:
    """Who acted on a demand or had it, the first one first; to have sent a failed letter again is no such act."""
    acted = (
        code
        for milestone in milestones
        if milestone.kind != SENT_AGAIN
        for code in (milestone.agent, milestone.detail if milestone.kind == "Reassigned" else None)
        if code
    )
    return list(dict.fromkeys(acted))


def open_row(values: Sequence[Any]) -> OpenRow:
    """From a stored row."""
    row = OpenRow(*_held(values))
    row.stored = True
    return row


def finished_row(values: Sequence[Any]) -> FinishedRow:
    """From a stored row."""
    row = FinishedRow(*_held(values))
    row.stored = True
    return row


def hexadecimal(identity: UUID | str) -> str:
    """An identity as SQLite keeps it; PostgreSQL's driver gives a UUID."""
    return identity if isinstance(identity, str) else identity.hex


def _held(values: Sequence[Any]) -> tuple[Any, ...]:
    seq, identity, *rest, milestones = values
    return (seq, hexadecimal(identity), *rest, milestones_of(milestones))
