"""First login and forgotten password: a link that serves once; opening it consumes nothing (mail scanners do)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, validates_schema

from domain.agent import Agent
from domain.errors import UnknownAgent
from store.passwords import faults
from web import current, known_browsers, sessions
from web.access import open_to_all
from web.forms import Form, fields, rerender

activation = Blueprint("activation", __name__)


class NewPassword(Form):
    """A password and the same again; shared with the page where an agent changes his."""

    password = fields.String(required=True)
    confirmation = fields.String(required=True)

    def __init__(self, agent: Agent) -> None:
        super().__init__()
        self._owner = agent

    @validates_schema(skip_on_field_errors=True)
    def same_and_strong(self, data: dict[str, Any], **_: Any) -> None:
        """Long enough, neither a common one nor the agent's own name, and typed twice alike."""
        if sentences := faults(data["password"], self._owner.code, self._owner.name):
            raise ValidationError(sentences, "password")
        if data["password"] != data["confirmation"]:
            raise ValidationError("Les deux mots de passe ne sont pas les mêmes.", "confirmation")


def _page(token: str) -> dict[str, Any]:
    return {"token": token, "agent": _agent_of(current.parts().activations.find(token, current.now()))}


@activation.get("/activation/<token>")
@open_to_all
def show(token: str) -> ResponseReturnValue:
    """The form to choose a password."""
    page = _page(token)
    return render_template("activation.html", **page), 200 if page["agent"] else 404


@activation.post("/activation/<token>")
@open_to_all
@rerender("activation.html", _page)
def choose(token: str) -> ResponseReturnValue:
    """« Je valide »: the password is set, every open session of the agent ends, the link is used up."""
    agent = _page(token)["agent"]
    if agent is None:
        return render_template("activation.html", token=token, agent=None), 404
    password = NewPassword(agent).load(request.form)["password"]
    parts, now = current.parts(), current.now()
    code = parts.credentials.set_by_link(token, password, now)
    if code is None:
        return render_template("activation.html", token=token, agent=None), 404
    sessions.close()
    flash(f"Votre mot de passe est enregistré. Connectez-vous avec votre code agent\u00a0: {code}.")
    response = redirect(url_for("login.show"), 303)
    known_browsers.remember(response, code)
    return response


def _agent_of(code: str | None) -> Agent | None:
    if code is None:
        return None
    try:
        agent = current.parts().office.directory.agent(code)
    except UnknownAgent:
        return None
    return agent if agent.active else None
