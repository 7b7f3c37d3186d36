"""The search box of every page: a reference opens its demand, anything else is a name, an e-mail or a telephone."""

import re
from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.errors import MiscopiedReference, UnknownDemand
from domain.references import read_reference
from domain.rights import WORKS_ON_DEMANDS, Role
from web import criteria, current, frame
from web.access import allowed
from web.forms import Form, Length, fields

quick = Blueprint("quick", __name__)
_LONGEST: Final = 100
_HYPHENS: Final = 3
_SHAPE: Final = re.compile(r"(?=[0-9]*[A-Za-z])[0-9A-Za-z]{3,6}[0-9A-Za-z]{12}")


class Typed(Form):
    """What somebody looks for, and the section he was in."""

    q = fields.String(load_default="", validate=Length(max=_LONGEST))
    section = fields.String(load_default="")


@quick.post("/recherche")
@allowed(*WORKS_ON_DEMANDS, Role.AUDITOR)
def look_for() -> ResponseReturnValue:
    """Chercher; a POST, so that no name ever stands readable in an address."""
    typed = Typed().load(request.form)
    words = typed["q"].strip()
    known = [address for address, _ in frame.SECTIONS.values()]
    section = typed["section"] if typed["section"] in known else frame.SECTIONS["service"][0]
    if not words:
        return redirect(section, 303)
    reference = _reference(words)
    if reference is not None:
        return redirect(url_for("demands.show", reference=reference), 303)
    if not current.agent().rights.has(*WORKS_ON_DEMANDS):
        raise UnknownDemand(words)
    return redirect(f"{section}?cherche={criteria.sealed(words)}", 303)


def _reference(words: str) -> str | None:
    """The reference somebody meant, if it has the shape of one; raises MiscopiedReference for a wrong check."""
    compact = "".join(words.split()).replace("-", "")
    grouped = words.count("-") == _HYPHENS or any(character.isdigit() for character in words)
    if not (_SHAPE.fullmatch(compact) and grouped):
        return None
    try:
        return read_reference(words)
    except MiscopiedReference:
        raise
    except UnknownDemand:
        return None
