"""When demands that nobody takes are deleted, as lists and pages show it to those who may still take them."""

from collections.abc import Iterable
from datetime import datetime

from domain.definition import Definition
from domain.expiry import deadline
from domain.status import Status
from projections.reading import Row
from web import current, frame


def deletions(rows: Iterable[Row]) -> dict[str, datetime]:
    """By reference, when each untreated demand will be deleted; those that never will be are left out."""
    untreated = [row for row in rows if row.status == Status.UNTREATED]
    definition_of = current.parts().office.directory.definition
    definitions = {code: definition_of(code) for code in {row.procedure for row in untreated}}
    calendar = frame.calendar()
    found = ((row.reference, deadline(row.submitted_at, definitions[row.procedure], calendar)) for row in untreated)
    return {reference: at for reference, at in found if at is not None}


def deletion(status: str, submitted_at: datetime, definition: Definition) -> datetime | None:
    """When one demand will be deleted if nobody takes it."""
    return deadline(submitted_at, definition, frame.calendar()) if status == Status.UNTREATED else None
