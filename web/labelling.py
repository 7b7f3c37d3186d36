"""Étiquettes: the postal addresses of many demands on one sheet, made for this request and kept nowhere."""

from collections.abc import Iterator
from typing import Any, Final

from flask import Response, make_response, request
from flask_babel import gettext as _
from marshmallow import fields

from domain.applicant import Applicant, read_applicant
from domain.errors import Erased, Invalid
from domain.sealing import Sealed, place
from projections.reading import Row
from web import current
from web.filters import number
from web.forms import Form, OneOf, Range
from web.labels import FORMATS, address_lines, labels_pdf, lacking
from web.reasons import Left
from web.selected import Selected

MOST: Final = 5_000
"""Labels in one file: some hundred sheets, and a few seconds of work."""
_CHUNK: Final = 500


class Sheet(Form):
    """Which sheets are in the printer, and the first label that is still on the first one."""

    format = fields.String(required=True, validate=OneOf(list(FORMATS)))
    start = fields.Integer(load_default=1, validate=Range(min=1, max=max(f.per_sheet for f in FORMATS.values())))


class Labels:
    """The addresses of a selection, in its order, and the demands left aside."""

    def __init__(self, selection: Selected) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.left = list(selection.left)
        for row, applicant in _applicants(selection.rows):
            if applicant is None:
                self.left.append(Left(row.reference, "erased"))
            elif lacks := lacking(applicant):
                self.left.append(Left(row.reference, lacks))
            else:
                self.addresses[row.reference] = address_lines(applicant)


def context() -> dict[str, Any]:
    """What the page offers."""
    return {"formats": [(code, sheet.label) for code, sheet in FORMATS.items()]}


def sheet(labels: Labels) -> Response:
    """The PDF; raises Invalid. The access log keeps whose address was seen."""
    if len(labels.addresses) > MOST:
        raise Invalid({"_schema": [_("Au plus %(most)s étiquettes à la fois.", most=number(MOST))]})
    if not labels.addresses:
        raise Invalid({"_schema": [_("Aucune de ces demandes n’a d’adresse postale complète.")]})
    chosen = Sheet().load(request.form)
    per_sheet = FORMATS[chosen["format"]].per_sheet
    if chosen["start"] > per_sheet:
        raise Invalid({"start": [_("Cette planche a %(most)s étiquettes.", most=per_sheet)]})
    made = labels_pdf(list(labels.addresses.values()), chosen["format"], chosen["start"])
    current.parts().access_log.note_each(current.agent().code, list(labels.addresses), "labels", current.now())
    answer = make_response(made)
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = "attachment; filename=etiquettes.pdf"
    return answer


def _applicants(rows: list[Row]) -> Iterator[tuple[Row, Applicant | None]]:
    """Who asks in each demand, the keys of some hundred demands asked for at once."""
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        keys = current.parts().keyring.keys([row.demand_id for row in some])
        for row in some:
            key = keys.get(row.demand_id)
            if key is None or row.applicant is None:
                yield row, None
                continue
            try:
                text = key.open(Sealed(row.applicant), place(row.demand_id, 1, "applicant"))
            except Erased:
                yield row, None
                continue
            yield row, read_applicant(text)
