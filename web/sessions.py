"""Being logged in: a random token in the browser's cookie, a row on the server that can be revoked."""

import json
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flask import current_app, g, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException

from domain.agent import Agent
from domain.errors import UnknownAgent
from store.sessions import PasswordReplaced
from web import current
from web.browsers import browser_label
from web.kept import is_text, kept_page
from web.sealing import seal, unseal

TOKEN_BYTES: Final = 32
KEPT_FORM: Final = "kept-form"
_AUTHOR: Final = "author"
_TOKEN: Final = "token"  # noqa: S105 — the name of a field, not its value
_CODE: Final = "code"
_LONGEST_KEPT: Final = 240_000
"""As much as fits into the login's own form: any letter, unless it looks like chance and cannot be packed."""
_NEVER_KEPT: Final = frozenset({"csrf_token", "password", "confirmation", _AUTHOR})
PRESENT_PASSWORD: Final = "present"  # noqa: S105 — the name of a field
"""The field of a form that changes a password: nothing of such a form is ever kept."""


def recognise() -> None:
    """Find who is logged in; a deactivated agent is out at once, and rights are read anew."""
    token = session.get(_TOKEN)
    if not isinstance(token, str):
        return
    parts = current.parts()
    found = parts.sessions.find(
        token, current.now(), parts.session_idle, parts.session_absolute, attended=not _asked_by_a_page()
    )
    agent = _active(found.agent) if found else None
    if agent is None:
        session.pop(_TOKEN)
        if found is not None:
            parts.sessions.close(token)
        return
    g.agent, g.session_token, g.kept_filters = agent, token, found.filters if found else None


def open_for(agent: Agent, verified: str) -> bool:
    """Log an agent in under a new session id, and end the one before; False when his password changed meanwhile."""
    close()
    parts = current.parts()
    token = parts.random_bytes(TOKEN_BYTES).hex()
    opened_with = browser_label(request.user_agent.string)
    try:
        parts.sessions.open(agent.code, current.now(), token, opened_with, verified)
    except PasswordReplaced:
        return False
    session[_TOKEN], session[_CODE] = token, agent.code
    g.agent, g.session_token = agent, token
    return True


def close() -> None:
    """Log out: the row goes, so that a copy of the cookie is worth nothing; the CSRF token goes with it."""
    token = session.get(_TOKEN)
    if isinstance(token, str):
        current.parts().sessions.close(token)
    session.clear()
    for name in ("agent", "session_token", "kept_filters", "csrf_token", "scope", "counters", _AUTHOR):
        g.pop(name, None)


def key_of_session() -> str:
    """What binds a sealed text to this session (``web.sealing``)."""
    token: str = g.session_token
    return token


def ask_to_log_in() -> Any:
    """The login page instead of the one asked for; a form that was being sent is kept, sealed, in that page."""
    if request.method in ("GET", "HEAD"):
        wanted = request.full_path if request.query_string else request.path
        return redirect(url_for("login.show", next=None if wanted == "/" else wanted), 303)
    kept = _kept_form()
    return render_template("login.html", next=_page_before(), kept=kept, lost=_lost(kept), expired=True), 401


def author() -> str:
    """Who fills in a form, sealed in it: found again when his cookie is gone, and no other site can write it."""
    agent = current.maybe_agent()
    if agent is None:
        return ""
    if _AUTHOR not in g:
        g.author = seal(agent.code, _AUTHOR)
    sealed: str = g.author
    return sealed


def offer_again() -> tuple[str, int] | None:
    """The form of an earlier session of the same agent, to be sent from this one; None when it is not his."""
    typed = _typed()
    if not typed or request.files or _author() != current.agent().code:
        return None
    return render_template("kept.html", **kept_page(request.path, typed), here=True), 400


def own_page(address: str | None) -> str:
    """The address, if it is one of our pages that can be opened; else the home page."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")) or not address.isprintable():
        return url_for("home.home")
    parsed = urlsplit(address)
    ours = not (parsed.scheme or parsed.netloc) and "\\" not in address and _can_be_opened(parsed.path)
    return address if ours else url_for("home.home")


def _can_be_opened(path: str) -> bool:
    """Whether a page answers there by GET: after a login nobody lands where only a form may be sent."""
    routes = current_app.url_map.bind_to_environ(request.environ)
    try:
        routes.match(unquote(path.removeprefix(request.script_root)), method="GET")
    except HTTPException:
        return False
    return True


def _asked_by_a_page() -> bool:
    """Whether a page refreshes itself: that is no sign that somebody sits before it."""
    return request.endpoint == "home.counts" or "HX-Request" in request.headers


def _page_before() -> str:
    """The page that carried the form, if it was ours."""
    before = urlsplit(request.referrer or "")
    return own_page(before.path) if before.netloc == request.host else ""


def _kept_form() -> str:
    code, typed = _author(), _typed()
    if not isinstance(code, str) or not typed or request.files:
        return ""
    kept = json.dumps({"code": code, "at": current.now().timestamp(), "to": request.path, "typed": typed})
    sealed = seal(kept, KEPT_FORM)
    return sealed if len(sealed) <= _LONGEST_KEPT else ""


def _lost(kept: str) -> bool:
    """Whether words that somebody wrote are not in the page that asks him to log in."""
    return not kept and (bool(request.files) or any(is_text(name, value) for name, value in _typed()))


def _typed() -> list[tuple[str, str]]:
    if PRESENT_PASSWORD in request.form:
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name not in _NEVER_KEPT]


def _author() -> str | None:
    """Who wrote the form; the cookie may say so only if the form's token proves that the form is ours."""
    code = unseal(request.form.get(_AUTHOR, ""), _AUTHOR)
    return code or (session.get(_CODE) if g.get("csrf_valid") else None)


def _active(code: str) -> Agent | None:
    try:
        agent = current.parts().office.directory.agent(code)
    except UnknownAgent:
        return None
    return agent if agent.active else None
