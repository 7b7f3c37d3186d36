"""Browsers in which an agent logged in before: failures from all over the world never slow him down there.

A cookie that outlives the session says so (OWASP, « Slow Down Online Guessing Attacks with Device Cookies »; ADR 0010).
It opens nothing: a password is asked for as anywhere, and tries with one cookie are counted under its own number.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec
from flask import current_app, request
from werkzeug import Response

from web import current
from web.sealing import seal, unseal

KNOWN_FOR: Final = timedelta(days=180)
MOST_AGENTS: Final = 20
_PURPOSE: Final = "known-browser"
_NUMBER_BYTES: Final = 16


class _Login(msgspec.Struct, frozen=True):
    """That an agent logged in here: the number of his tries from here, and until when it counts."""

    number: str
    until: float


def number_for(code: str) -> str | None:
    """Under which number tries of this agent from this browser are counted; None where he never logged in."""
    found = _logins().get(code)
    return found.number if found else None


def remember(response: Response, code: str) -> None:
    """The agent proved here who he is; the last twenty of a shared computer are known."""
    until = (current.now() + KNOWN_FOR).timestamp()
    logins = _logins()
    number = number_for(code) or current.parts().random_bytes(_NUMBER_BYTES).hex()
    logins.pop(code, None)
    kept = dict([*logins.items(), (code, _Login(number, until))][-MOST_AGENTS:])
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": current.parts().https}
    response.set_cookie(_name(), seal(msgspec.json.encode(kept).decode(), _PURPOSE), max_age=KNOWN_FOR, **options)


def _logins() -> dict[str, _Login]:
    text = unseal(request.cookies.get(_name(), ""), _PURPOSE)
    if text is None:
        return {}
    found, now = msgspec.json.decode(text, type=dict[str, _Login]), current.now().timestamp()
    return {code: login for code, login in found.items() if login.until > now}


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-navigateur"
