"""The search zone of the lists: a POST, so that a citizen's name never stands readable in an address."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug import Response
from werkzeug.datastructures import CombinedMultiDict

from domain.errors import Invalid
from domain.rights import WORKS_ON_DEMANDS
from web import criteria
from web.access import allowed
from web.lists import SECTIONS, refused

search = Blueprint("search", __name__)
_SEARCH: Final = criteria.Search()


@search.post("/demandes/<any('non-traitees', 'en-cours', 'en-attente', 'service'):address>")
@allowed(*WORKS_ON_DEMANDS)
def look_for(address: str) -> Response:
    """Chercher: to the list under these criteria, the name sealed for this session."""
    section = next(section for section in SECTIONS.values() if section.address == address)
    try:
        typed = _SEARCH.load(CombinedMultiDict([request.form, request.args]))
    except Invalid as invalid:
        return refused(section, invalid.errors)
    applicant = typed.pop("applicant")
    if applicant or "applicant" in request.form:
        typed["cherche"] = criteria.sealed(applicant) if applicant else None
    typed["sort"] = None if typed["sort"] == section.sort else typed["sort"]
    return redirect(url_for(f"lists.{section.name}", **criteria.in_address(typed)), 303)
