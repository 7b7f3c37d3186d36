"""What is asked of the read models and what they answer, in the town hall's terms and in aware instants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.instants import instant, maybe_instant
from projections.tables import NEVER, current


class Scope(msgspec.Struct, frozen=True):
    """What an agent may list: procedures he may process, services he oversees.

    ``reach`` adds the services of those procedures: names are searched there, save in the ``unreadable`` procedures,
    whose content this agent may not open.
    """

    agent: str
    processable: tuple[str, ...]
    services: tuple[str, ...]
    reach: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    everything: bool = False


class Criteria(msgspec.Struct, frozen=True):
    """A list and its filters; ``received_before`` is exclusive, ``words`` are names, e-mails or telephones as typed."""

    section: str
    reference: str | None = None
    procedure: str | None = None
    service: str | None = None
    status: str | None = None
    agent: str | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    late: bool = False
    words: tuple[str, ...] | None = None
    sort: str = "received"
    size: int = 25
    cursor: str | None = None


class Row(msgspec.Struct, frozen=True):
    """An open demand in a list; ``applicant`` is the sealed box at ``place(demand_id, 1, "applicant")``."""

    demand_id: UUID
    reference: str
    procedure: str
    service: str
    status: str
    agent: str | None
    channel: str
    has_email: bool
    submitted_at: datetime
    taken_at: datetime | None
    due_at: datetime | None
    since: datetime
    applicant: bytes | None
    version: int


class Counters(msgspec.Struct, frozen=True):
    """How many demands each section holds; ``for_you`` are untreated ones designated for this agent.

    ``late`` are his own in progress, ``late_untreated`` those that he could take; both are counted for
    the home page only, and no further than ``projections.counting.AT_MOST_LATE``.
    """

    in_progress: int
    untreated: int
    on_hold: int
    service: int
    late: int
    late_untreated: int
    for_you: int


class Page(msgspec.Struct, frozen=True):
    """Some rows, the cursor of the next ones, and the counts that were read with them (None where no row was)."""

    rows: list[Row]
    next: str | None
    counters: Counters | None = None


LISTED: Final = tuple(current.c[name] for name in ("seq", *Row.__struct_fields__))
"""The columns that a row of a list is made of."""


def list_row(values: Sequence[Any]) -> Row:
    """From the columns of ``LISTED``, as the driver gives them."""
    _, identity, reference, procedure, service, status, agent, channel, has_email, *rest = values
    submitted_at, taken_at, due_at, since, applicant, version = rest
    return Row(
        identity if isinstance(identity, UUID) else UUID(identity),
        reference,
        procedure,
        service,
        status,
        agent,
        channel,
        bool(has_email),
        instant(submitted_at),
        maybe_instant(taken_at),
        maybe_due(due_at),
        instant(since),
        applicant,
        version,
    )


def maybe_due(microseconds: int) -> datetime | None:
    """A due date, or None."""
    return None if microseconds >= NEVER else instant(microseconds)
