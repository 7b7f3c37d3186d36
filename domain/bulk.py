"""What an agent asks for many demands at once, and the letter that each citizen gets."""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from domain.applicant import Applicant
from domain.demand import Demand
from domain.drafts import template, values
from domain.errors import Erased
from domain.letters import LetterKind, Template
from domain.sealing import DataKey, Sealed, place

if TYPE_CHECKING:
    from domain.office import Office

JOB = "job"
"""The kind of key under which the texts of an operation are sealed until its end."""


class Action(StrEnum):
    """What can be done to many demands by a job."""

    CLOSE = "close"
    REASSIGN = "reassign"
    ADD_EVENT = "add_event"


class Asked(msgspec.Struct, frozen=True):
    """The fields of the action; ``letter`` tells citizens of the closure, with their procedure's text or this one."""

    outcome: str | None = None
    comment: str | None = None
    letter: bool = False
    template: Template | None = None
    agent: str | None = None
    note: str | None = None
    event_type: str | None = None

    def __repr__(self) -> str:
        return "Asked()"

    def sealed(self, key: DataKey, operation: UUID) -> bytes:
        """As it is kept until the operation's end."""
        return key.seal(msgspec.json.encode(self).decode(), place(operation, 0, "details")).box


def opened(key: DataKey, operation: UUID, box: bytes) -> Asked | None:
    """What was asked; None when it cannot be read any more."""
    try:
        return msgspec.json.decode(key.open(Sealed(box), place(operation, 0, "details")), type=Asked)
    except Erased:
        return None


def closing_letter(
    office: "Office", demand: Demand, applicant: Applicant | None, asked: Asked, author: str
) -> tuple[str, str]:
    """Subject and body for one citizen, every variable in its place."""
    directory = office.directory
    definition, townhall = directory.definition(demand.procedure), directory.townhall()
    known = values(demand.reference, definition, townhall, demand.submitted_at, office.zone, applicant, author)
    outcome = asked.outcome or ""
    known |= {
        "issue": townhall.vocabularies["outcome"].get(outcome, outcome),
        "commentaire": asked.comment or "",
    }
    return (asked.template or template(definition, LetterKind.CLOSURE)).fill(known)
