"""The mail pages: what every letter to a citizen goes through, and the acknowledgement, sent or declined once."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import wraps
from typing import Any, Final, TypeVar

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug import Response

from domain.demand import Demand
from domain.dossier import Dossier
from domain.errors import AlreadyDecided, Invalid, NoAddress, NotAllowed, NotAllowedNow, OutOfDate
from domain.handle import check_version
from domain.letters import LetterKind, braces_in, tightened
from domain.rights import WORKS_ON_DEMANDS
from web import current
from web.access import allowed
from web.demands import frame, opened
from web.errors import explain
from web.forms import Form, Length, OneOf, Regexp, rerender

View = TypeVar("View", bound=Callable[..., Any])
letters = Blueprint("letters", __name__)
LONGEST_SUBJECT: Final = 200
LONGEST_BODY: Final = 20_000
PREVIEW: Final = "preview"
"""The button that shows a letter as it would leave, and decides nothing."""
PAGE: Final = "demands/mail.html"
NOTHING_WRITTEN: Final = "Écrivez votre message\u00a0: le courriel ne contient encore que le modèle."
BRACES_LEFT: Final = "Rien ne remplacera plus {}\u00a0: écrivez à la place ce que l’usager doit lire, sans accolades."
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
    subject, body = _draft(dossier, kind)
    return {**frame(dossier), "kind": kind, "subject": subject, "body": body}


def preview_page(reference: str, kind: LetterKind = LetterKind.ACKNOWLEDGEMENT) -> str:
    """The same page, and above the form the letter as it would leave."""
    page = mail_page(reference, kind)
    letter = written(page["dossier"], kind)
    return render_template(PAGE, typed=request.form, preview=letter, changed=_changed(page["demand"]), **page)


def written(dossier: Dossier, kind: LetterKind) -> dict[str, str]:
    """The letter as it would leave; raises Invalid when there is nothing in it to send."""
    letter: dict[str, str] = Letter().load(request.form)
    draft = _draft(dossier, kind)
    refuse_braces(letter, draft)
    if kind is LetterKind.CONTACT:
        if letter["body"].split() == draft[1].split():
            raise Invalid({"body": [NOTHING_WRITTEN]})
        letter["body"] = tightened(letter["body"])
    return letter


def refuse_braces(
    letter: Mapping[str, str | None], draft: Sequence[str], filled: Container[str] = (), said: str = BRACES_LEFT
) -> None:
    """Raise Invalid for braces that the draft did not hold, and that nothing replaces: ``filled`` variables aside."""
    ours = {brace for text in draft for brace in braces_in(text, filled)}
    left = {name: [one for one in braces_in(text or "", filled) if one not in ours] for name, text in letter.items()}
    if any(left.values()):
        raise Invalid({name: [said.format(", ".join(found))] for name, found in left.items() if found})


def decided(reference: str, kind: LetterKind) -> tuple[str, Demand]:
    """What the agent decided (``send``, ``cancel`` or ``preview``), and the demand once it is recorded."""
    command, seen = current.command(), current.seen_version()
    with current.parts().office.demand(reference, by=current.agent(), command=command, version=seen) as demand:
        repeated = demand.demand.repeated
        if not repeated:
            judge(demand.demand, kind)
        decision: str = PREVIEW if PREVIEW in request.form else Decision().load(request.form)["decision"]
        if decision == "send" and not repeated:
            dossier = current.parts().office.dossier(reference, current.agent())
            demand.send_mail(kind, **written(dossier, kind))
        elif decision == "cancel":
            demand.decline_mail(kind)
    return decision, demand.demand


def kept_when_stale(kind: LetterKind) -> Callable[[View], Callable[..., Any]]:
    """Show the mail page again, status 409, when a colleague acted in between: the text stays, ready to be sent."""

    def decorate(view: View) -> Callable[..., Any]:
        @wraps(view)
        def with_text(reference: str) -> Any:
            try:
                return view(reference)
            except OutOfDate as error:
                changed = _told(error)
            page = mail_page(reference, kind)
            return make_response(render_template(PAGE, typed=request.form, changed=changed, **page), 409)

        return with_text

    return decorate


@letters.get("/demandes/<reference>/courriel/prise-en-compte")
@allowed(*WORKS_ON_DEMANDS)
def acknowledgement(reference: str) -> str:
    """Le courriel d’accusé de réception."""
    return render_template(PAGE, **mail_page(reference))


@letters.post("/demandes/<reference>/courriel/prise-en-compte")
@allowed(*WORKS_ON_DEMANDS)
@rerender(PAGE, mail_page)
@kept_when_stale(LetterKind.ACKNOWLEDGEMENT)
def decide_acknowledgement(reference: str) -> Response | str:
    """Envoyer, or Annuler: no mail, the taking in charge stays."""
    decision, demand = decided(reference, LetterKind.ACKNOWLEDGEMENT)
    if decision == PREVIEW:
        return preview_page(reference)
    named = demand.reference
    if decision == "send":
        flash(_("Vous avez envoyé l’accusé de réception de la demande %(reference)s.", reference=named), "success")
    else:
        said = _(
            "Aucun courriel n’a été envoyé\u00a0; la demande %(reference)s reste prise en compte.", reference=named
        )
        flash(said)
    return redirect(url_for("demands.show", reference=named), 303)


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


def _draft(dossier: Dossier, kind: LetterKind) -> tuple[str, str]:
    return current.parts().office.draft(dossier, kind, current.agent().name, {})


def _changed(demand: Demand) -> str:
    """What a colleague did since the page was shown; nothing where nobody did."""
    try:
        check_version(demand, current.seen_version(), current.agent().code)
    except OutOfDate as error:
        return _told(error)
    return ""


def _told(error: OutOfDate) -> str:
    explained = explain(error)
    return explained[2] if explained else ""
