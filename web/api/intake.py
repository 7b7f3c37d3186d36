"""A citizen's form handed in by another program, such as the town's web site."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, abort, request
from marshmallow import ValidationError, fields

from domain.applicant import Applicant
from domain.definition import Definition
from domain.errors import Invalid, UnknownProcedure
from domain.intake import Form, Receipt
from domain.status import Status
from web import current
from web.answer_fields import Block, Line, given
from web.answers import judged_answers
from web.api import shapes
from web.api.blueprint import operation
from web.api.json_body import read_body
from web.api.written import answer
from web.applicants import ApplicantBlock
from web.dotted import dotted
from web.problems import problem

LONGEST_EXTERNAL_ID: Final = 200
_KEY: Final = re.compile(r"[ -~]{1,128}")
_KEY_HEADER: Final = "Idempotency-Key"


class DemandBody(Block):
    """A demand as a program sends it; ``answers`` holds what the fields of the procedure ask for."""

    procedure = Line(40, required=True)
    channel = Line(20, "[a-z-]{1,20}", required=True, metadata={"example": "internet"})
    external_id = Line(LONGEST_EXTERNAL_ID)
    applicant = fields.Nested(ApplicantBlock, required=True, error_messages={"required": "Ce champ est obligatoire."})
    answers = fields.Raw(metadata={"type": "object", "additionalProperties": True})


_BODY: Final = DemandBody()
_LINE: Final = Line(LONGEST_EXTERNAL_ID)


@operation(
    "/demands",
    "intake",
    method="POST",
    successes=(201, 200),
    shape=shapes.Receipt,
    refusals=(400, 409, 413, 415, 422),
    requestBody={"required": True, "content": {"application/json": {"schema": DemandBody}}},
    parameters=[{"in": "header", "name": _KEY_HEADER, "schema": {"type": "string", "minLength": 1, "maxLength": 128}}],
)
def submit_demand() -> Response:
    """Déposer une demande.

    The same Idempotency-Key or external_id again answers 200 with the first receipt.
    """
    client, key, body = current.client().name, _idempotency_key(), read_body()
    intake = current.parts().office.intake
    receipt = intake.earlier(client, key, _usable_external_id(body))
    if receipt is None:
        receipt = intake.receive(current.command(), judged_form(body, client, key))
    return _receipt(receipt)


def judged_form(body: Mapping[str, Any], client: str, key: str | None) -> Form:
    """The form in a body; raises Invalid with every fault of it at once."""
    errors: dict[str, list[str]] = {}
    envelope: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    try:
        envelope = _BODY.load(body)
    except ValidationError as error:
        errors |= dotted(error.messages)
    definition = _definition(body.get("procedure"))
    if definition is None:
        errors.setdefault("procedure", ["Cette démarche n’existe pas."])
    else:
        answers, faults = _answers(definition, body.get("answers"))
        errors |= faults
    if errors:
        raise Invalid(errors)
    applicant: Applicant = envelope["applicant"]
    return Form(
        envelope["procedure"], envelope["channel"], applicant, answers, client, key, envelope.get("external_id")
    )


def _answers(definition: Definition, raw: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    try:
        return judged_answers(definition, {} if raw is None else raw), {}
    except Invalid as invalid:
        return {}, invalid.errors


def _definition(code: Any) -> Definition | None:
    try:
        return current.parts().office.directory.definition(_LINE.deserialize(code))
    except (ValidationError, UnknownProcedure):
        return None


def _idempotency_key() -> str | None:
    key = request.headers.get(_KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        abort(problem(400, "En-tête inutilisable", f"{_KEY_HEADER} : 1 à 128 caractères ASCII imprimables."))
    return key


def _usable_external_id(body: Mapping[str, Any]) -> str | None:
    """The external id, where it can be looked up; one that cannot is refused with the rest of the body."""
    value = body.get("external_id")
    try:
        return str(_LINE.deserialize(value)) if given(value) else None
    except ValidationError:
        return None


def _receipt(receipt: Receipt) -> Response:
    body = {
        "reference": receipt.reference,
        "status": Status.UNTREATED,
        "submitted_at": receipt.submitted_at,
        "procedure": receipt.procedure,
        "service": receipt.service,
    }
    return answer(body, 200 if receipt.again else 201)
