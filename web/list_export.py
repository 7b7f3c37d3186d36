"""The present list as a CSV for a spreadsheet: what its columns show, but no citizen's name nor address.

A name leaves with its demand at the closure; in a file on somebody's desk it would stay.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

import msgspec
from flask import Blueprint, request
from werkzeug import Response

from domain.errors import Invalid
from domain.rights import WORKS_ON_DEMANDS
from domain.status import Status
from projections.reading import Criteria, Row
from web import criteria, current
from web.access import allowed
from web.deletions import deletions
from web.filters import agent_name, channel_label, procedure_title, status_label
from web.lists import SECTIONS, refused
from web.spreadsheets import by_dates, csv_answer

list_export = Blueprint("list_export", __name__)
PAGE: Final = 500
_IN_PARTS: Final = by_dates("Reçue à partir du", "Reçue jusqu’au")
COLUMNS: Final = (
    "Référence",
    "Démarche",
    "Intitulé",
    "Service",
    "Statut",
    "Agent",
    "Code agent",
    "Canal",
    "Reçue le",
    "Prise en compte le",
    "Échéance",
    "En retard",
    "En attente depuis le",
    "Suppression le",
)


@list_export.get("/demandes/non-traitees.csv", defaults={"name": "untreated"})
@list_export.get("/demandes/en-cours.csv", defaults={"name": "in_progress"})
@list_export.get("/demandes/en-attente.csv", defaults={"name": "on_hold"})
@list_export.get("/demandes/service.csv", defaults={"name": "service"})
@allowed(*WORKS_ON_DEMANDS)
def export(name: str) -> Response:
    """Exporter (CSV): every demand of the present search, in its order."""
    section, today = SECTIONS[name], f"{current.now().astimezone(current.parts().zone):%Y-%m-%d}"
    try:
        wanted = criteria.read(name, request.args, section.sort)
        rows = chain.from_iterable(map(_lines, _found(wanted.criteria)))
        return csv_answer(f"demandes-{section.address}-{today}", chain([COLUMNS], rows), _IN_PARTS)
    except Invalid as invalid:
        return refused(section, invalid.errors)


def _found(asked: Criteria) -> Iterator[list[Row]]:
    """All rows, a page at a time; never all in memory."""
    lists, scope, now = current.parts().lists, current.scope(), current.now()
    page = lists.page(msgspec.structs.replace(asked, size=PAGE, cursor=None), scope, now)
    yield page.rows
    while page.next is not None:
        page = lists.page(msgspec.structs.replace(asked, size=PAGE, cursor=page.next), scope, now)
        yield page.rows


def _lines(rows: Sequence[Row]) -> Iterator[Sequence[object]]:
    deleted = deletions(rows)
    return (_cells(row, deleted.get(row.reference)) for row in rows)


def _cells(row: Row, deleted_at: datetime | None) -> Sequence[object]:
    """One demand under ``COLUMNS``, its dates as the town's clock shows them."""
    zone = current.parts().zone
    local = [moment and moment.astimezone(zone) for moment in (row.submitted_at, row.taken_at, row.due_at)]
    return (
        row.reference,
        row.procedure,
        procedure_title(row.procedure),
        row.service,
        status_label(row.status),
        agent_name(row.agent),
        row.agent or "",
        channel_label(row.channel),
        *local,
        row.due_at is not None and row.due_at < current.now(),
        row.since.astimezone(zone) if row.status == Status.ON_HOLD else None,
        deleted_at and deleted_at.astimezone(zone),
    )
