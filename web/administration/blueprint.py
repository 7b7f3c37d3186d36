"""The address under which administrators find their pages, and what they are told when a colleague was faster."""

from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from domain.errors import ChangedSince
from domain.facts import agent_of
from domain.rights import Role
from web import current
from web.access import allowed
from web.administration import wording
from web.errors import answer
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
    return answer(409, "Réglages modifiés entre-temps", said)


def _who(actor: str) -> str:
    code = agent_of(actor)
    if code is None:
        return "Une commande du serveur a enregistré d’autres réglages"
    if code == current.agent().code:
        return "Vous avez enregistré d’autres réglages, dans une autre fenêtre,"
    return f"{agent_name(code)} a enregistré d’autres réglages"
