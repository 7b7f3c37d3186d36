"""Where the routes of ``/api/v1`` are declared, each with its scopes and its description, in one line."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from flask import Response
from flask_smorest.blueprint import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from domain.errors import Invalid
from projections.cursors import BadCursor
from web.access import scope
from web.api.shapes import Problem
from web.dotted import dotted
from web.problems import PROBLEM_TYPE, problem

PREFIX: Final = "/api/v1"
View = Callable[..., Response]
_REFUSALS: Final = {
    400: "Unreadable JSON, unusable header or cursor",
    401: "No token, or an unknown one",
    403: "The token lacks the scope",
    404: "No such demand",
    409: "The two intake keys name different demands",
    413: "More than 256 kB",
    415: "Not application/json",
    422: "Refused, with the messages of each field",
}


class Parser(FlaskParser):
    """Query parameters that cannot be used are the town hall's own refusal, with a message for each."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Without the location that the library puts around the messages."""
        messages = error.messages_dict
        raise Invalid(dotted(messages.get("query", messages))) from None


class ApiBlueprint(Blueprint):
    """The library's blueprint with our refusals."""

    ARGUMENTS_PARSER = Parser()


api: Final[Any] = ApiBlueprint("api", __name__, url_prefix=PREFIX)  # type: ignore[no-untyped-call]  # an untyped library


def operation(
    rule: str,
    *scopes: str,
    shape: type[Schema],
    query: type[Schema] | None = None,
    method: str = "GET",
    successes: Sequence[int] = (200,),
    refusals: Sequence[int] = (),
    **described: Any,
) -> Callable[[View], View]:
    """Declare a route: who may call it, what it takes and answers, how it refuses."""

    def declare(view: View) -> View:
        documented = api.arguments(query, location="query")(view) if query else view
        documented = api.response(successes[0], shape)(documented)
        for status in successes[1:]:
            documented = api.alt_response(status, schema=shape, success=True)(documented)
        for status in sorted({401, 403, *refusals}):
            refuse = api.alt_response(status, schema=Problem, content_type=PROBLEM_TYPE, description=_REFUSALS[status])
            documented = refuse(documented)
        documented = api.doc(security=[{"token": []}], operationId=view.__name__, **described)(documented)
        api.route(rule, methods=[method])(scope(*scopes)(documented))
        return view

    return declare


@api.errorhandler(BadCursor)  # type: ignore[untyped-decorator]  # an untyped library
def unusable_cursor(_: BadCursor) -> Response:
    """A cursor is used as it was given, with the same criteria."""
    return problem(
        400, "Curseur inutilisable", "Reprenez la lecture sans « cursor ».", {"cursor": ["Curseur inconnu."]}
    )
