"""The search zone of the lists: a POST, so that a citizen's name never stands readable in an address."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug import Response
from werkzeug.datastructures import CombinedMultiDict

from domain.errors import Invalid
from domain.references import EXAMPLE
from domain.rights import WORKS_ON_DEMANDS
from web import criteria
from web.access import allowed
from web.days import require_order
from web.lists import SECTIONS, refused

search = Blueprint("search", __name__)
_SEARCH: Final = criteria.Search()
_NO_REFERENCE: Final = f"Une référence ressemble à {EXAMPLE}. Un nom se cherche dans «\u00a0Usager\u00a0»."


@search.post("/demandes/<any('non-traitees', 'en-cours', 'en-attente', 'service'):address>")
@allowed(*WORKS_ON_DEMANDS)
def look_for(address: str) -> Response:
    """Chercher: to the list under these criteria, the name sealed for this session."""
    section = next(section for section in SECTIONS.values() if section.address == address)
    try:
        typed = _SEARCH.load(CombinedMultiDict([request.form, request.args]))
        _require_reference(typed["reference"])
        require_order(typed["received_from"], typed["received_to"], "received_from")
    except Invalid as invalid:
        return refused(section, invalid.errors)
    applicant = typed.pop("applicant")
    if applicant or "applicant" in request.form:
        typed["cherche"] = criteria.sealed(applicant) if applicant else None
    typed["sort"] = None if typed["sort"] == section.sort else typed["sort"]
    return redirect(url_for(f"lists.{section.name}", **criteria.in_address(typed)), 303)


def _require_reference(typed: str | None) -> None:
    """A name in the wrong box must not stand in an address either."""
    if typed and not criteria.is_reference(typed):
        raise Invalid({"reference": [_NO_REFERENCE]})
