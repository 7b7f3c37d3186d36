"""The procedures and their forms, from which a web site builds its pages."""

from typing import Any

import msgspec
from flask import Response

from domain.definition import Question
from domain.procedure import Procedure
from store.clients import SCOPES
from web import current
from web.api import shapes
from web.api.blueprint import operation
from web.api.written import answer


@operation("/procedures", *SCOPES, shape=shapes.Procedures)
def list_procedures() -> Response:
    """Les démarches et leurs formulaires."""
    directory = current.parts().office.directory
    codes = sorted(current.parts().people.procedures())
    return answer({"items": [_procedure(directory.procedure(code)) for code in codes]})


def _procedure(procedure: Procedure) -> dict[str, Any]:
    definition = procedure.definition
    return {
        "code": definition.code,
        "title": definition.title,
        "description": definition.description,
        "service": definition.service,
        "version": procedure.form_version,
        "fields": [_question(question) for question in definition.fields],
    }


def _question(question: Question) -> dict[str, Any]:
    """``required`` is always said; the rest only where it says something."""
    written: dict[str, Any] = msgspec.to_builtins(question)
    return {name: written.pop(name) for name in ("name", "label", "type")} | {"required": question.required} | written
