"""The address under which administrators find their pages, and what they are told when a colleague was faster."""

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.errors import ChangedSince
from domain.facts import agent_of
from domain.rights import Role
from web import current
from web.access import allowed
from web.administration import wording
from web.administration.changes import changes
from web.filters import agent_name

administration: Final = Blueprint("administration", __name__, url_prefix="/administration")
MOST_COUNTED: Final = 10_000
"""Letters are counted no further: beyond, « plus de 10 000 » says enough and the page stays as quick."""


@administration.get("")
@allowed(Role.ADMIN)
def home() -> str:
    """L’administration."""
    parts = current.parts()
    townhall = parts.office.directory.townhall()
    lacking = sum(not townhall.contact_of(service).complete for service in townhall.services)
    counts = parts.outbox.counts(MOST_COUNTED)
    return render_template("administration/home.html", counts=counts, most=MOST_COUNTED, lacking=lacking)


@administration.errorhandler(ChangedSince)
def changed_since(error: ChangedSince) -> ResponseReturnValue:
    """Nothing is saved over a colleague's change, nor over one's own in another window."""
    what = ", ".join(dict.fromkeys(wording.CHANGED.get(name, wording.REST) for name in error.what))
    said = (
        f"{_who(error.by)} depuis que vous avez ouvert la page\u00a0; ce qui a changé\u00a0: {what}. "
        "Rien n’a été enregistré\u00a0: ouvrez-la de nouveau, puis recommencez."
    )
    mine = changes(request.endpoint or "", error.before, request.form)
    return render_template("administration/changed.html", detail=said, changes=mine, back=_page_of_the_form()), 409


def _page_of_the_form() -> str:
    """The page that carried the refused form, as it is now."""
    named: dict[str, Any] = {
        name: request.form[name] for name in ("service", "vocabulary", "code") if name in request.form
    }
    if request.endpoint == "administration.add_term":
        return url_for(".vocabularies", _anchor=named["vocabulary"])
    if request.endpoint == "administration.change_procedure":
        named = {}
    shown = (request.endpoint or "").replace(".change_", ".")
    return url_for(shown, **named, **(request.view_args or {}))


def _who(actor: str) -> str:
    code = agent_of(actor)
    if code is None:
        return "Une commande du serveur a enregistré d’autres réglages"
    if code == current.agent().code:
        return "Vous avez enregistré d’autres réglages, dans une autre fenêtre,"
    return f"{agent_name(code)} a enregistré d’autres réglages"
