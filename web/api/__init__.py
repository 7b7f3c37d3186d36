"""The JSON API for the town's web site, for auditors' and for analysts' programs, under ``/api/v1``."""

from typing import Any, Final

from flask import Blueprint, Flask, Response
from flask_smorest import Api

from web.access import open_to_all
from web.api import demands, figures, intake, procedures
from web.api.blueprint import PREFIX, api
from web.api.written import answer

ROUTES: Final = (demands, figures, intake, procedures)
_DESCRIPTION: Final = {
    "title": "Suivi",
    "version": "1",
    "openapi_version": "3.0.3",
    "info": {"description": "Demands of a town hall: intake, reading without personal data, statistics."},
}


class DescribedApi(Api):
    """The library's API without its error handlers: they would answer for the pages as well."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # type: ignore[assignment]  # documented so

    def _register_error_handlers(self) -> None:
        pass


def api_blueprints(app: Flask) -> tuple[Blueprint, ...]:
    """Register every route of the API and the document that describes them; no CSRF token is asked of programs."""
    described: Any = DescribedApi(app, spec_kwargs=_DESCRIPTION)  # type: ignore[no-untyped-call]  # an untyped library
    described.register_blueprint(api)
    described.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})

    @open_to_all
    def openapi() -> Response:
        """What programs read to know this API; nothing in it depends on a town's data."""
        return answer(described.spec.to_dict())

    app.add_url_rule(f"{PREFIX}/openapi.json", "api_description", openapi)
    return (api,)
