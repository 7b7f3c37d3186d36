"""Agir sur plusieurs demandes: what is meant is shown and confirmed first, then an operation carries it out."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid5

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from domain.bulk import JOB, Action
from domain.errors import Invalid, UnknownCode
from domain.references import NAMESPACE
from domain.rights import WORKS_ON_DEMANDS
from store.operations import Operation
from web import bulk, current, labelling
from web.access import allowed
from web.filters import plural
from web.forms import field_errors
from web.letters import PREVIEW
from web.meant import CHOICE, sent, shown_again, take_choice
from web.reasons import SHOWN, Left, grouped
from web.selected import COMES_FROM, LABELS, Selected, selected

selection = Blueprint("selection", __name__)
CONFIRMED: Final = "confirmed"
_CONFIRMATION: Final = "operations/confirm.html"


@selection.get("/demandes/selection")
@allowed(*WORKS_ON_DEMANDS)
def again() -> Response:
    """A confirmation that a browser comes back to; an address without a choice leads to the list, to choose anew."""
    if CHOICE not in request.args:
        flash(_("Choisissez de nouveau les demandes."))
        return redirect(url_for("lists.service"), 303)
    take_choice(request.args[CHOICE])
    return _confirmation(_action(), _identity())


@selection.post("/demandes/selection")
@allowed(*WORKS_ON_DEMANDS)
def choose() -> Response:
    """Agir sur les demandes cochées, ou sur tous les résultats d’une liste."""
    action, identity = _action(), _identity()
    if CONFIRMED in request.form and action != LABELS and _was_asked(identity):
        return _followed(identity)
    return _confirmation(action, identity)


def _action() -> str:
    action = sent().get("action", "")
    if action not in COMES_FROM:
        raise Invalid({"action": [_("Choisissez une action.")]})
    return action


def _confirmation(action: str, identity: UUID) -> Response:
    chosen = selected(action)
    if not chosen.references:
        return make_response(render_template("operations/nothing.html", back=chosen.back), 422)
    return _labels(chosen) if action == LABELS else _job(Action(action), chosen, identity)


def _labels(chosen: Selected) -> Response:
    labels = labelling.Labels(chosen)
    page = {**labelling.context(), "names": list(labels.addresses)}
    if CONFIRMED not in request.form or chosen.changed:
        return _page(LABELS, chosen, labels.left, 409 if CONFIRMED in request.form else 200, **page)
    try:
        return labelling.sheet(labels)
    except Invalid as invalid:
        return _page(LABELS, chosen, labels.left, 422, errors=invalid.errors, **page)


def _job(action: Action, chosen: Selected, identity: UUID) -> Response:
    """The confirmation page, or the operation once it is confirmed and what was typed is right."""
    page = {**bulk.context(action, chosen), "names": [row.reference for row in chosen.rows]}
    try:
        if PREVIEW in request.form:
            shown = action is Action.CLOSE and any(row.has_email for row in chosen.rows)
            return _page(action, chosen, chosen.left, 200, preview=bulk.preview(chosen) if shown else None, **page)
        if CONFIRMED not in request.form or chosen.changed:
            return _page(action, chosen, chosen.left, 409 if CONFIRMED in request.form else 200, **page)
        wanted = bulk.asked(action, chosen)
    except Invalid as invalid:
        return _page(action, chosen, chosen.left, 422, errors=invalid.errors, **page)
    except UnknownCode as unknown:
        return _page(action, chosen, chosen.left, 422, errors=field_errors(unknown, request.form), **page)
    _begin(action, chosen, identity, wanted)
    return _followed(identity)


def _begin(action: Action, chosen: Selected, identity: UUID, wanted: Any) -> None:
    """Keep what is asked, its texts sealed under a key of its own, and wake who carries it out.

    What is known to be left aside stands first, so that the title soon tells how many were confirmed.
    """
    parts, agent, now = current.parts(), current.agent(), current.now()
    key = parts.keyring.mint([identity], JOB, now)[identity]
    details = wanted.sealed(key, identity)
    operation = Operation(identity, agent.code, action.value, chosen.number, now, chosen.back, details)
    able = {row.reference for row in chosen.rows}
    parts.operations.add(operation, sorted(chosen.references, key=able.__contains__))
    parts.operation_asked()


def _page(action: str, chosen: Selected, left: list[Left], status: int, **context: Any) -> Response:
    typed = request.form if CONFIRMED in request.form or PREVIEW in request.form else None
    words = {
        "action": str(action),
        "chosen": chosen,
        "left": grouped(left),
        "left_number": len(left),
        "number": len(context["names"]),
        "most": SHOWN,
        "now_found": plural(chosen.number, "demande"),
        "typed": typed,
        "again": _again(action, chosen) if typed is None else None,
    }
    return make_response(render_template(_CONFIRMATION, **words, **context), status)


def _again(action: str, chosen: Selected) -> str | None:
    """The address that shows this choice again, so that nothing is sent anew to come back to it."""
    choice = shown_again([("action", str(action)), *chosen.fields])
    return f"{url_for('selection.again')}?{urlencode({CHOICE: choice})}" if choice else None


def _identity() -> UUID:
    """The same click is the same operation."""
    return uuid5(NAMESPACE, f"operation:{current.agent().code}:{current.command().id}")


def _was_asked(identity: UUID) -> bool:
    return current.parts().operations.find(identity) is not None


def _followed(identity: UUID) -> Response:
    return redirect(url_for("operations.show", identity=identity), 303)
