"""« Mon compte »: who one is here, where one is logged in, and how one wants to hear of new demands."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import fields
from werkzeug import Response

from domain.rights import WORKS_ON_DEMANDS
from projections.names import plain
from store.preferences import Information
from store.sessions import Session, session_name
from web import current, people, sessions
from web.access import allowed
from web.forms import Form, OneOf, rerender

account = Blueprint("account", __name__)
WORDS: Final[Mapping[str, str]] = {
    Information.AT_ONCE: "aussitôt",
    Information.DAILY: "une fois par jour",
    Information.NONE: "jamais",
}


def account_page() -> dict[str, Any]:
    """What the page shows: the procedures one may process, and what one chose for each."""
    agent = current.agent()
    chosen = current.parts().preferences.of(agent.code)
    return {
        "agent": agent,
        "procedures": [(code, title, chosen.get(code, Information.AT_ONCE)) for code, title in _mine()],
        "words": list(WORDS.items()),
        "sessions": open_sessions(agent.code),
        "present_session": session_name(sessions.key_of_session()),
    }


def open_sessions(code: str) -> list[Session]:
    """Where somebody is logged in at this moment, the latest used first."""
    parts, now = current.parts(), current.now()
    live = [s for s in parts.sessions.of(code) if not s.is_over(now, parts.session_idle, parts.session_absolute)]
    return sorted(live, key=lambda session: session.seen_at, reverse=True)


@account.get("/compte")
@allowed()
def show() -> str:
    """Mon compte."""
    return render_template("preferences.html", **account_page())


@account.post("/compte")
@allowed(*WORKS_ON_DEMANDS)
@rerender("preferences.html", account_page, refused="choices")
def choose() -> Response:
    """Choisir comment être informé des nouvelles demandes."""
    code, preferences = current.agent().code, current.parts().preferences
    boxes: dict[str, fields.Field[Any]] = {
        procedure: fields.String(load_default=None, validate=OneOf(list(WORDS))) for procedure, _ in _mine()
    }
    typed = Form.from_dict(boxes)().load(request.form)
    for information in Information:
        chosen = [procedure for procedure, word in typed.items() if word == information]
        preferences.choose(code, chosen, information)
    flash("Vos choix sont enregistrés.")
    return redirect(url_for(".show"), 303)


def _mine() -> list[tuple[str, str]]:
    """The procedures whose new demands this person is told of, by title."""
    rights = current.agent().rights
    mine = [(d.code, d.title) for d in people.definitions().values() if rights.processes(d)]
    return sorted(mine, key=lambda procedure: plain(procedure[1]))
