"""The mail pages: what every letter to a citizen goes through, and the acknowledgement, sent or declined once."""

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug import Response

from domain.demand import Demand
from domain.dossier import Dossier
from domain.errors import AlreadyDecided, NoAddress, NotAllowed, NotAllowedNow
from domain.letters import LetterKind
from domain.rights import WORKS_ON_DEMANDS
from web import current
from web.access import allowed
from web.demands import frame, opened
from web.forms import Form, Length, OneOf, Regexp, rerender

letters = Blueprint("letters", __name__)
LONGEST_SUBJECT: Final = 200
LONGEST_BODY: Final = 20_000
PREVIEW: Final = "preview"
"""The button that shows a letter as it would leave, and decides nothing."""
ONE_LINE: Final = r"[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z"


class Subject(fields.String):
    """The subject of a letter: one line, for it becomes a header."""

    def __init__(self, **options: Any) -> None:
        one_line = Regexp(ONE_LINE, error="L’objet tient sur une seule ligne.")
        super().__init__(validate=[Length(max=LONGEST_SUBJECT), one_line], **options)


class Decision(Form):
    """Whether the letter leaves."""

    decision = fields.String(required=True, validate=OneOf(["send", "cancel"]))


class Letter(Form):
    """The letter as the agent edited it."""

    subject = Subject(required=True)
    body = fields.String(required=True, validate=Length(max=LONGEST_BODY))


def mail_page(reference: str, kind: LetterKind = LetterKind.ACKNOWLEDGEMENT) -> dict[str, Any]:
    """What a mail page shows: to whom, and a draft to edit."""
    dossier = opened(reference, "mail")
    require_right(dossier)
    judge(dossier.demand, kind)
    subject, body = current.parts().office.draft(dossier, kind, current.agent().name, {})
    return {**frame(dossier), "kind": kind, "subject": subject, "body": body}


def preview_page(reference: str, kind: LetterKind = LetterKind.ACKNOWLEDGEMENT) -> str:
    """The same page, and above the form the letter as it would leave."""
    page = mail_page(reference, kind)
    return render_template("demands/mail.html", typed=request.form, preview=Letter().load(request.form), **page)


def decided(reference: str, kind: LetterKind) -> tuple[str, Demand]:
    """What the agent decided (``send``, ``cancel`` or ``preview``), and the demand once it is recorded.

    To give up a letter that nobody waits for, such as a contact, is no decision to remember.
    """
    command, seen = current.command(), current.seen_version()
    with current.parts().office.demand(reference, by=current.agent(), command=command, version=seen) as demand:
        if not demand.demand.repeated:
            judge(demand.demand, kind)
        decision: str = PREVIEW if PREVIEW in request.form else Decision().load(request.form)["decision"]
        if decision != "cancel":
            letter = Letter().load(request.form)
        if decision == "send":
            demand.send_mail(kind, **letter)
        elif decision == "cancel" and kind.decided_once:
            demand.decline_mail(kind)
    return decision, demand.demand


@letters.get("/demandes/<reference>/courriel/prise-en-compte")
@allowed(*WORKS_ON_DEMANDS)
def acknowledgement(reference: str) -> str:
    """Le courriel d’accusé de réception."""
    return render_template("demands/mail.html", **mail_page(reference))


@letters.post("/demandes/<reference>/courriel/prise-en-compte")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/mail.html", mail_page)
def decide_acknowledgement(reference: str) -> Response | str:
    """Envoyer, or Annuler: no mail, the taking in charge stays."""
    decision, demand = decided(reference, LetterKind.ACKNOWLEDGEMENT)
    if decision == PREVIEW:
        return preview_page(reference)
    written = demand.reference
    if decision == "send":
        flash(_("Vous avez envoyé l’accusé de réception de la demande %(reference)s.", reference=written), "success")
    else:
        flash(_("Aucun courriel n’a été envoyé ; la demande %(reference)s reste prise en compte.", reference=written))
    return redirect(url_for("demands.show", reference=written), 303)


def require_right(dossier: Dossier) -> None:
    """Raise NotAllowed for an agent who may look at the demand but not process it."""
    if not current.agent().rights.processes(dossier.definition):
        raise NotAllowed("process", dossier.demand.reference)


def judge(demand: Demand, kind: LetterKind) -> None:
    """Raise a Conflict when this letter cannot be decided now, before anything typed is judged."""
    if demand.status not in kind.comes_from:
        raise NotAllowedNow(demand.reference, "MailRequested", demand.status, demand.owner)
    if not demand.has_email:
        raise NoAddress("no address", demand.reference, demand.status, demand.owner)
    if kind.decided_once and kind in demand.letters:
        raise AlreadyDecided(demand.reference, kind, demand.status, demand.owner)
