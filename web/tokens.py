"""Signed once, used again: the token of a session's forms, and what signs the cookie."""

from functools import lru_cache
from typing import Final

from flask import Flask, current_app, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer

_FIELD: Final = "csrf_token"
_KEPT: Final = 1_024


class KeptSigner(SecureCookieSessionInterface):
    """Flask's own cookie; what signs it is made once for an application, not twice for each request."""

    def __init__(self) -> None:
        self._signers: dict[object, URLSafeTimedSerializer | None] = {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if app.secret_key not in self._signers:
            self._signers[app.secret_key] = super().get_signing_serializer(app)
        return self._signers[app.secret_key]


def csrf_token() -> str:
    """The token of this session's forms; any token of a session is good for as long as the session lasts."""
    raw = session.get(_FIELD)
    if isinstance(raw, str) and _FIELD not in g:
        setattr(g, _FIELD, _signed(current_app.secret_key, raw))
    token: str = generate_csrf()
    return token


@lru_cache(_KEPT)
def _signed(secret: object, raw: str) -> str:
    """Signed by the library, which looks into the session for what to sign; the key tells sessions apart."""
    del secret, raw
    token: str = generate_csrf()
    return token
