"""The confirmation of closure: what will be erased for good, and the last letter to the citizen."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError, fields, validates
from werkzeug import Response

from domain.demand import Demand
from domain.dossier import Dossier
from domain.errors import NotAllowedNow
from domain.letters import LetterKind
from domain.rights import WORKS_ON_DEMANDS
from web import current
from web.access import allowed
from web.actions import LONGEST_CODE, LONGEST_TEXT
from web.demands import frame, opened
from web.forms import Form, Length, OneOf, rerender
from web.letters import LONGEST_BODY, PREVIEW, Subject, refuse_braces, require_right

closure = Blueprint("closure", __name__)
KNOWN_AT_CLOSURE: Final = ("issue", "commentaire")
_BRACES: Final = {name: f"{{{name}}}" for name in KNOWN_AT_CLOSURE}
_KNOWN: Final = re.compile(r"\{(" + "|".join(KNOWN_AT_CLOSURE) + r")\}")


class Closing(Form):
    """How the demand ended, with a word for the citizen."""

    outcome = fields.String(required=True, validate=Length(max=LONGEST_CODE))
    comment = fields.String(load_default=None, validate=Length(max=LONGEST_TEXT))


class ClosingWithAddress(Closing):
    """The same, and whether a letter leaves."""

    decision = fields.String(required=True, validate=OneOf(["send", "none"]))


class ClosingLetter(Form):
    """The last letter as the agent edited it; absent fields stand for the template, blank ones are refused."""

    subject = Subject(load_default=None, metadata={"keep_blank": True})
    body = fields.String(load_default=None, validate=Length(max=LONGEST_BODY), metadata={"keep_blank": True})

    @validates("subject", "body")
    def not_blank(self, value: str | None, data_key: str) -> None:
        """An emptied box is a mistake: « Clôturer sans courriel » is a button of its own."""
        del data_key
        if value is not None and not value.strip():
            raise ValidationError("À renseigner, ou choisissez «\u00a0Clôturer sans courriel\u00a0».")


def closing_page(reference: str) -> dict[str, Any]:
    """What the confirmation shows; issue and comment stand in braces, for they are chosen on this page."""
    dossier = opened(reference, "closure")
    require_right(dossier)
    if dossier.demand.status not in Demand.Closed.comes_from:
        raise NotAllowedNow(dossier.demand.reference, "Closed", dossier.demand.status, dossier.demand.owner)
    subject, body = _draft(dossier)
    return {**frame(dossier), "subject": subject, "body": body}


@closure.get("/demandes/<reference>/cloture")
@allowed(*WORKS_ON_DEMANDS)
def confirm(reference: str) -> str:
    """Confirmer la clôture."""
    return render_template("demands/closure.html", **closing_page(reference))


@closure.post("/demandes/<reference>/cloture")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/closure.html", closing_page)
def close(reference: str) -> Response | str:
    """Clôturer, with or without a letter, and erase; or look at the letter first."""
    command, seen = current.command(), current.seen_version()
    with current.parts().office.demand(reference, by=current.agent(), command=command, version=seen) as demand:
        demand.require(Demand.Closed)
        has_email = demand.demand.has_email
        if PREVIEW in request.form and not demand.demand.repeated:
            return _preview(reference, has_email=has_email)
        answers = (ClosingWithAddress if has_email else Closing)().load(request.form)
        told = answers.pop("decision", None) == "send" and has_email
        if not demand.demand.repeated:
            demand.close(**answers, letter=_letter(reference, answers) if told else None)
    written = demand.demand.reference
    flash(_said(told, reference=written), "success")
    return redirect(url_for("demands.show", reference=written), 303)


def _said(told: bool, reference: str) -> str:  # noqa: FBT001 — a sentence with or without its second half
    if told:
        return _(
            "La demande %(reference)s a été clôturée et ses données personnelles effacées\u00a0; "
            "le courriel part vers l’usager.",
            reference=reference,
        )
    return _("La demande %(reference)s a été clôturée et ses données personnelles effacées.", reference=reference)


def _preview(reference: str, *, has_email: bool) -> str:
    """The confirmation again, above it the letter if any, with the chosen issue and the comment in their places."""
    answers = Closing().load(request.form)
    current.parts().office.directory.townhall().require("outcome", answers["outcome"])
    letter = dict(zip(("subject", "body"), _letter(reference, answers), strict=True)) if has_email else None
    return render_template("demands/closure.html", typed=request.form, preview=letter, **closing_page(reference))


def _letter(reference: str, answers: Mapping[str, str | None]) -> tuple[str, str]:
    """What was typed, else the template, with the chosen issue and the comment in their places."""
    typed = ClosingLetter().load(request.form)
    subject, body = _draft(current.parts().office.dossier(reference, current.agent()))
    refuse_braces(typed, (subject, body), KNOWN_AT_CLOSURE)
    issues = current.parts().office.directory.townhall().vocabularies["outcome"]
    chosen = answers["outcome"] or ""
    known = {"issue": issues.get(chosen, chosen), "commentaire": answers["comment"] or ""}
    texts = _filled(typed["subject"] or subject, known), _filled(typed["body"] or body, known)
    return " ".join(texts[0].split()), re.sub(r"\n{3,}", "\n\n", texts[1]).strip() + "\n"


def _draft(dossier: Dossier) -> tuple[str, str]:
    return current.parts().office.draft(dossier, LetterKind.CLOSURE, current.agent().name, _BRACES)


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _KNOWN.sub(lambda found: known[found[1]], text)
