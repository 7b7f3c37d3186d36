"""Writing to the citizen at any moment while his demand is open: a letter from a template, as often as needed."""

from functools import partial
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from domain.letters import LetterKind
from domain.rights import WORKS_ON_DEMANDS
from web import current
from web.access import allowed
from web.forms import rerender
from web.letters import PAGE, PREVIEW, decided, kept_when_stale, mail_page, preview_page, require_right

contact = Blueprint("contact", __name__)
contact_page: Final = partial(mail_page, kind=LetterKind.CONTACT)


@contact.get("/demandes/<reference>/courriel/contact")
@allowed(*WORKS_ON_DEMANDS)
def write(reference: str) -> str:
    """Écrire à l’usager."""
    return render_template(PAGE, **contact_page(reference))


@contact.post("/demandes/<reference>/courriel/contact")
@allowed(*WORKS_ON_DEMANDS)
@rerender(PAGE, contact_page)
@kept_when_stale(LetterKind.CONTACT)
def decide(reference: str) -> Response | str:
    """Envoyer, or Annuler: to look at the letter or to give it up decides nothing, whatever happened meanwhile."""
    if PREVIEW in request.form:
        return preview_page(reference, LetterKind.CONTACT)
    if request.form.get("decision") == "cancel":
        return _given_up(reference)
    named = decided(reference, LetterKind.CONTACT)[1].reference
    flash(_("Vous avez envoyé un courriel à l’usager de la demande %(reference)s.", reference=named), "success")
    return redirect(url_for("demands.history", reference=named), 303)


def _given_up(reference: str) -> Response:
    """Nothing leaves and nothing is recorded: a letter that nobody waits for is no decision to remember."""
    dossier = current.parts().office.dossier(reference, current.agent())
    require_right(dossier)
    named = dossier.demand.reference
    flash(_("Aucun courriel n’a été envoyé à l’usager de la demande %(reference)s.", reference=named))
    return redirect(url_for("demands.show", reference=named), 303)
