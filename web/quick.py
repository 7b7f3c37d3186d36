"""The search box of every page: a reference opens its demand, anything else is a name, an e-mail or a telephone."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.errors import Invalid, MiscopiedReference, UnknownDemand
from domain.references import read_reference
from domain.rights import WORKS_ON_DEMANDS, Role
from web import criteria, current, frame
from web.access import allowed
from web.forms import Form, Length, fields
from web.lists import SECTIONS, refused
from web.reference_numbers import looks_whole, number_in, with_number

quick = Blueprint("quick", __name__)
_TOO_LONG: Final = f"Au plus {criteria.LONGEST_NAME} caractères\u00a0: raccourcissez ce que vous cherchez."


class Typed(Form):
    """What somebody looks for, and the section he was in."""

    q = fields.String(load_default="", validate=Length(max=criteria.LONGEST_NAME, error=_TOO_LONG))
    section = fields.String(load_default="")


@quick.post("/recherche")
@allowed(*WORKS_ON_DEMANDS, Role.AUDITOR)
def look_for() -> ResponseReturnValue:
    """Chercher; a POST, so that no name ever stands readable in an address."""
    works = current.agent().rights.has(*WORKS_ON_DEMANDS)
    name = _section()
    try:
        words = Typed().load(request.form)["q"].strip()
    except Invalid as invalid:
        if not works:
            raise
        faults = {"applicant": invalid.errors.get("q", [_TOO_LONG])}
        return refused(SECTIONS[name], faults, {"applicant": request.form.get("q", "")})
    if not words:
        return redirect(frame.SECTIONS[name][0], 303)
    reference = _reference(words)
    if reference is not None:
        return redirect(url_for("demands.show", reference=reference), 303)
    if not works:
        raise UnknownDemand(words)
    return redirect(url_for(f"lists.{name}", cherche=criteria.sealed(words)), 303)


def _section() -> str:
    """The section that was on the screen, else « Du service »."""
    asked = request.form.get("section")
    return next((name for name, (address, _) in frame.SECTIONS.items() if address == asked), "service")


def _reference(words: str) -> str | None:
    """The reference somebody meant, if it has the shape of one; raises MiscopiedReference for a wrong check.

    Raises UnknownDemand for the number of no demand that this person may know of.
    """
    if number_in(words) is not None:
        found = with_number(words)
        if found is None:
            raise UnknownDemand(words)
        return found
    if not looks_whole(words):
        return None
    try:
        return read_reference(words)
    except MiscopiedReference:
        raise
    except UnknownDemand:
        return None
