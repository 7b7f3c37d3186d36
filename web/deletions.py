"""When demands that nobody takes are deleted, as lists and pages show it to those who may still take them."""

from collections.abc import Iterable
from datetime import datetime

from domain.definition import Definition
from domain.expiry import deadline
from domain.status import Status
from projections.people import ProcedureRow
from projections.reading import Row
from web import current, frame


def deletions(rows: Iterable[Row]) -> dict[str, datetime]:
    """By reference, when each untreated demand will be deleted; those that never will be are left out."""
    deleting = {code: _definition(row) for code, row in current.known().procedures.items() if row.deletion_days}
    untreated = [row for row in rows if row.status == Status.UNTREATED and row.procedure in deleting]
    if not untreated:
        return {}
    calendar = frame.calendar()
    found = ((row.reference, deadline(row.submitted_at, deleting[row.procedure], calendar)) for row in untreated)
    return {reference: at for reference, at in found if at is not None}


def deletion(status: str, submitted_at: datetime, definition: Definition) -> datetime | None:
    """When one demand will be deleted if nobody takes it."""
    return deadline(submitted_at, definition, frame.calendar()) if status == Status.UNTREATED else None


def _definition(row: ProcedureRow) -> Definition:
    """What the deadline needs to know of a procedure."""
    calendar = "working" if row.working else "calendar"
    return Definition(row.code, row.title, row.service, deletion_delay_days=row.deletion_days, delay_calendar=calendar)
