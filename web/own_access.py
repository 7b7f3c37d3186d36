"""« Mon compte »: an agent changes his password, and ends the sessions he left open elsewhere."""

import math
from typing import Final

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from marshmallow import fields
from werkzeug import Response

from domain.errors import Invalid
from store.throttles import FREE_FAILURES
from web import current, sessions
from web.access import allowed
from web.activation import NewPassword
from web.filters import plural
from web.forms import Form, Length, again, rerender
from web.login import LONGEST_PASSWORD, too_many_tries
from web.preferences import account_page

own_access = Blueprint("own_access", __name__)

OVERTAKEN: Final = (
    "Votre mot de passe vient d’être changé ailleurs, au même moment\u00a0: celui que vous avez saisi ici n’est pas "
    "enregistré. Connectez-vous avec l’autre\u00a0; si ce n’est pas vous qui l’avez choisi, demandez un nouveau lien."
)


class ChangedPassword(NewPassword):
    """The present password, so that a screen left open changes nothing, and a new one twice."""

    present = fields.String(required=True, validate=Length(max=LONGEST_PASSWORD))


class EndedSession(Form):
    """Which session to end; none named means all the others."""

    session = fields.String(load_default=None, validate=Length(max=64))


@own_access.post("/compte/mot-de-passe")
@allowed()
@rerender("preferences.html", account_page, refused="password")
def change_password() -> Response:
    """Changer mon mot de passe: every other session ends, and this one goes on under a new id."""
    parts, agent = current.parts(), current.agent()
    typed = ChangedPassword(agent).load(request.form)
    tries = f"present password:{agent.code}"
    if wait := parts.throttles.attempt({tries: FREE_FAILURES}, current.now()):
        return _wait_page(wait)
    verified = parts.credentials.check(agent.code, typed["present"])
    if verified is None:
        raise Invalid({"present": ["Ce n’est pas votre mot de passe actuel."]})
    parts.throttles.cleared(tries)
    if typed["password"] == typed["present"]:
        raise Invalid({"password": ["C’est déjà votre mot de passe\u00a0: choisissez-en un autre."]})
    chosen = parts.credentials.change_password(agent.code, verified, typed["password"], current.now())
    chosen = chosen or parts.credentials.check(agent.code, typed["password"])  # a double click set this very one
    if chosen is None or not sessions.open_for(agent, chosen):
        return _overtaken()
    flash("Votre mot de passe est changé\u00a0; vos autres sessions sont fermées.", "success")
    return redirect(url_for("account.show"), 303)


@own_access.post("/compte/sessions")
@allowed()
@rerender("preferences.html", account_page, refused="sessions")
def end_sessions() -> Response:
    """Fermer une session, ou les autres sessions."""
    name, open_ones = EndedSession().load(request.form)["session"], current.parts().sessions
    code = current.agent().code
    if name is None:
        ended = open_ones.close_others(code, g.session_token)
        flash(
            f"{plural(ended, 'session fermée', 'sessions fermées')}."
            if ended
            else "Aucune autre session n’était ouverte."
        )
    elif open_ones.close_named(code, name):
        flash("La session est fermée.", "success")
    else:
        flash("Cette session était déjà fermée.", "info")
    return redirect(url_for("account.show"), 303)


def _overtaken() -> Response:
    """Two changes at once: the other one ended this session, and one logs in with what it set."""
    sessions.close()
    return make_response(render_template("login.html", failed=OVERTAKEN), 409)


def _wait_page(wait: float) -> Response:
    response = again("preferences.html", {"present": [too_many_tries(wait)]}, refused="password", **account_page())
    response.status_code, response.headers["Retry-After"] = 429, str(math.ceil(wait))
    return response
