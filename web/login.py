"""Logging in and out: « Je saisis mon code agent », one answer for every failure, and links by mail."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.errors import Invalid, UnknownAgent
from store.throttles import FREE_FAILURES, link_asked
from web import current, known_browsers, sessions
from web.access import allowed, open_to_all
from web.forms import Form, Length, fields
from web.kept import kept_page
from web.sealing import unseal

login = Blueprint("login", __name__)
LONGEST_CODE: Final = 40
LONGEST_PASSWORD: Final = 128
FREE_TRIES_OF_A_SOURCE: Final = 20
FREE_TRIES_FROM_ANYWHERE: Final = 30
"""Failures on one account from all sources together, browsers known to its owner left out, that cost no delay."""
KEPT_FOR_S: Final = 3_600
FAILED: Final = (
    "Code ou mot de passe incorrect. Première connexion ou mot de passe oublié\u00a0: ouvrez votre messagerie et "
    "suivez le lien du dernier courriel reçu (ou recopiez l’adresse entière dans le navigateur)."
)
OF_ANOTHER: Final = (
    "La page de connexion gardait ce qu’un autre agent avait saisi\u00a0: ce texte ne vous est pas rendu, et il "
    "n’est plus gardé."
)
LINK_SENT: Final = (
    "Si ce code est celui d’un agent, un nouveau lien part vers sa messagerie. "
    "Dès qu’il est parti, le lien précédent ne sert plus\u00a0: suivez celui du dernier courriel reçu."
)


class Credentials(Form):
    """« Je saisis mon code agent », « Je saisis mon mot de passe »."""

    code = fields.String(required=True, validate=Length(max=LONGEST_CODE))
    password = fields.String(required=True, validate=Length(max=LONGEST_PASSWORD))


class AskedLink(Form):
    """Whose link to mail."""

    code = fields.String(required=True, validate=Length(max=LONGEST_CODE))


@login.get("/connexion")
@open_to_all
def show() -> ResponseReturnValue:
    """La page de connexion."""
    wanted = request.args.get("next", "")
    if current.maybe_agent() is not None:
        return redirect(sessions.own_page(wanted), 303)
    return render_template("login.html", next=wanted)


@login.post("/connexion")
@open_to_all
def log_in() -> ResponseReturnValue:
    """« Je valide »: the same answer and the same time whatever was wrong."""
    try:
        typed = Credentials().load(request.form)
    except Invalid as invalid:
        return _again(422, errors=invalid.errors)
    code = typed["code"].strip()
    if wait := _wait(code):
        return _wait_page(wait)
    verified = _recognised(code, typed["password"])
    if verified is None or not sessions.open_for(current.parts().office.directory.agent(code), verified):
        return _again(422, failed=FAILED)
    response = make_response(_continue(code))
    known_browsers.remember(response, code)
    return response


@login.post("/deconnexion")
@allowed()
def log_out() -> ResponseReturnValue:
    """Déconnexion."""
    sessions.close()
    flash("Vous êtes déconnecté.")
    return redirect(url_for(".show"), 303)


@login.post("/connexion/lien")
@open_to_all
def send_link() -> ResponseReturnValue:
    """« Recevoir un nouveau lien »: the same answer for any code."""
    try:
        code = AskedLink().load(request.form)["code"].strip()
    except Invalid as invalid:
        return _again(422, errors=invalid.errors)
    parts, now = current.parts(), current.now()
    keys = (link_asked(code), f"link from:{request.remote_addr}")
    if wait := parts.throttles.attempt(dict.fromkeys(keys, FREE_FAILURES), now):
        return _wait_page(wait)
    parts.send_link(code)
    flash(LINK_SENT, "info")
    return redirect(url_for(".show"), 303)


def _wait(code: str) -> float:
    """Seconds to wait before another try; a try is counted before the password is looked at."""
    limits = {_account(code): FREE_FAILURES, _source(): FREE_TRIES_OF_A_SOURCE}
    number = known_browsers.number_for(code)
    limits |= {_anywhere(code): FREE_TRIES_FROM_ANYWHERE} if number is None else {_browser(number): FREE_FAILURES}
    return current.parts().throttles.attempt(limits, current.now())


def _recognised(code: str, password: str) -> str | None:
    """The proof of an active agent's password."""
    parts = current.parts()
    verified = parts.credentials.check(code, password)
    try:
        active = parts.office.directory.agent(code).active
    except UnknownAgent:
        active = False
    if verified is None or not active:
        return None
    number = known_browsers.number_for(code)
    parts.throttles.cleared(_account(code))
    for key in (_source(), _anywhere(code) if number is None else _browser(number)):
        parts.throttles.taken_back(key)
    return verified


def _continue(code: str) -> ResponseReturnValue:
    """To the page asked for; or first to the form that was being sent when the session ended."""
    kept = _kept()
    if kept is not None and kept["code"] == code:
        return render_template("kept.html", **kept_page(kept["to"], kept["typed"]))
    if kept is not None:
        flash(OF_ANOTHER, "info")
    return redirect(sessions.own_page(request.form.get("next")), 303)


def _kept() -> Mapping[str, Any] | None:
    """The form that was being sent when the session ended, whoever wrote it; None where it is too old."""
    text = unseal(request.form.get("kept", ""), sessions.KEPT_FORM)
    if text is None:
        return None
    kept: dict[str, Any] = json.loads(text)
    fresh = current.now().timestamp() - kept["at"] <= KEPT_FOR_S
    return kept if fresh else None


def too_many_tries(wait: float) -> str:
    """How long to wait before another try."""
    seconds = math.ceil(wait)
    return f"Trop d’essais en peu de temps. Attendez {seconds} seconde{'s' if seconds > 1 else ''} et recommencez."


def _wait_page(wait: float) -> ResponseReturnValue:
    response = make_response(_again(429, failed=too_many_tries(wait)))
    response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def _again(status: int, errors: Mapping[str, list[str]] | None = None, failed: str = "") -> ResponseReturnValue:
    kept = request.form.get("kept", "") if _kept() is not None else ""
    words = {"next": request.form.get("next", ""), "kept": kept}
    return render_template("login.html", typed=request.form, errors=errors or {}, failed=failed, **words), status


def _account(code: str) -> str:
    """The code as tried from here: failures elsewhere cost its owner nothing."""
    return f"account:{code} from:{request.remote_addr}"


def _anywhere(code: str) -> str:
    """The code as tried from everywhere: many sources together do not guess faster than one.

    Under a name of its own, as a code may be any text that somebody types.
    """
    return f"anywhere:{code}"


def _browser(number: str) -> str:
    return f"browser:{number}"


def _source() -> str:
    return f"source:{request.remote_addr}"
