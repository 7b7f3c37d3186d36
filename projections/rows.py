"""An open demand and a finished one, as the projector holds them while it folds facts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from domain.status import Status


class Milestone(msgspec.Struct, frozen=True, array_like=True):
    """What happened when, by which agent; ``detail`` is a configured code, never a text."""

    kind: str
    at: int
    agent: str | None
    detail: str | None


milestones_of = msgspec.json.Decoder(list[Milestone]).decode
written = msgspec.json.Encoder().encode


class OpenRow(msgspec.Struct):
    """One row of ``current_demands``; ``dirty`` when it must be written."""

    seq: int
    demand_id: UUID
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
    since: int
    version: int
    interval_version: int
    applicant: bytes | None
    milestones: list[Milestone]
    new: bool = False
    dirty: bool = False

    @property
    def keys(self) -> dict[str, str | None]:
        """Under which key it counts in each dimension."""
        return {"all": "", "procedure": self.procedure, "service": self.service, "channel": self.channel}

    @property
    def finished(self) -> bool:
        """Whether it has left the lists."""
        return self.status in (Status.CLOSED, Status.DELETED)


class FinishedRow(msgspec.Struct):
    """One row of ``journal``."""

    seq: int
    demand_id: UUID
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

    @property
    def marks(self) -> set[str]:
        """What the journal finds it by: every agent who acted on it or owned it, every event type."""
        return marks_of(self.milestones)


def marks_of(milestones: list[Milestone]) -> set[str]:
    """Agents and event types among milestones; a reassignment also names the new owner."""
    found = {f"agent:{m.agent}" for m in milestones if m.agent}
    found |= {f"event:{m.detail}" for m in milestones if m.kind == "EventAdded"}
    return found | {f"agent:{m.detail}" for m in milestones if m.kind == "Reassigned"}


def open_row(values: Mapping[str, Any]) -> OpenRow:
    """From a stored row."""
    return OpenRow(**{**values, "milestones": milestones_of(values["milestones"])})


def finished_row(values: Mapping[str, Any]) -> FinishedRow:
    """From a stored row."""
    return FinishedRow(**{**values, "milestones": milestones_of(values["milestones"])})


def stored(row: OpenRow | FinishedRow, columns: tuple[str, ...]) -> dict[str, Any]:
    """To a stored row."""
    values = {name: getattr(row, name) for name in columns}
    values["milestones"] = written(row.milestones)
    return values
