"""Writing to the citizen at any moment while his demand is open: a letter from a template, as often as needed."""

from functools import partial
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from domain.letters import LetterKind
from domain.rights import WORKS_ON_DEMANDS
from web.access import allowed
from web.forms import rerender
from web.letters import PREVIEW, decided, mail_page, preview_page

contact = Blueprint("contact", __name__)
contact_page: Final = partial(mail_page, kind=LetterKind.CONTACT)


@contact.get("/demandes/<reference>/courriel/contact")
@allowed(*WORKS_ON_DEMANDS)
def write(reference: str) -> str:
    """Écrire à l’usager."""
    return render_template("demands/mail.html", **contact_page(reference))


@contact.post("/demandes/<reference>/courriel/contact")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/mail.html", contact_page)
def decide(reference: str) -> Response | str:
    """Envoyer, or Annuler: nothing leaves and nothing is recorded."""
    decision, demand = decided(reference, LetterKind.CONTACT)
    if decision == PREVIEW:
        return preview_page(reference, LetterKind.CONTACT)
    written = demand.reference
    if decision == "send":
        flash(_("Vous avez envoyé un courriel à l’usager de la demande %(reference)s.", reference=written), "success")
    else:
        flash(_("Aucun courriel n’a été envoyé à l’usager de la demande %(reference)s.", reference=written))
    return redirect(url_for("demands.history" if decision == "send" else "demands.show", reference=written), 303)
