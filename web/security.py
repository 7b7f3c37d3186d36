"""Secure defaults of every request and answer: what is refused before any page reads it, which headers leave."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web import current
from web.parts import Parts
from web.tokens import KeptSigner, csrf_token

LARGEST_BODY: Final = 256_000
MOST_FIELDS: Final = 1_000
MOST_FIELDS_OF: Final = {"/demandes/selection": 6_000}
LONGEST_QUERY: Final = 16_000
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_DANGEROUS: Final = re.compile("[\x00\ud800-\udfff]")
_DIRECTIVES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(_DIRECTIVES),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"
_KEPT_A_YEAR: Final = "public, max-age=31536000, immutable"


def install(app: Flask, parts: Parts) -> CSRFProtect:
    """Set the limits, the cookie, the headers and the CSRF check; returned so that the API can be exempted."""
    app.config.update(
        SECRET_KEY=parts.session_secret,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=MOST_FIELDS,
        SESSION_COOKIE_NAME="__Host-suivi" if parts.https else "suivi",
        SESSION_COOKIE_SECURE=parts.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,
    )
    if parts.trusted_proxies:
        hops = parts.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    trusted = trusted_hosts(parts)
    app.before_request(lambda: _refuse_host(trusted))
    app.before_request(_refuse_excess)
    app.after_request(_protect)
    app.session_interface = KeptSigner()
    protection = CSRFProtect(app)
    app.jinja_env.globals["csrf_token"] = csrf_token
    return protection


def trusted_hosts(parts: Parts) -> frozenset[str]:
    """The hosts that requests may name, without ports: a loopback address trusts its other names as well."""
    address = urlsplit(parts.base_url).netloc.rpartition("@")[2]
    named = [*parts.trusted_hosts, address] if not parts.trusted_hosts else list(parts.trusted_hosts)
    hosts = {_without_port(host) for host in named}
    return frozenset(hosts.union(_LOOPBACK) if hosts & set(_LOOPBACK) else hosts)


def has_dangerous_characters(text: str) -> bool:
    """Whether a text holds a NUL or a lone surrogate, which no name or sentence does."""
    return _DANGEROUS.search(text) is not None


def _without_port(host: str) -> str:
    found = _HOST.fullmatch(host.strip())
    return found[1].lower() if found else ""


def _refuse_host(trusted: frozenset[str]) -> None:
    """Werkzeug's own list cannot name ``[::1]``."""
    if not (host := _without_port(request.host)) or host not in trusted:
        abort(400, "L’adresse demandée n’est pas celle de ce service.")


def _refuse_excess() -> None:
    if len(request.query_string) > LONGEST_QUERY or request.query_string.count(b"&") >= MOST_FIELDS:
        abort(400, "L’adresse est trop longue.")
    if request.mimetype == "application/x-www-form-urlencoded":
        most = MOST_FIELDS_OF.get(request.path, MOST_FIELDS)
        if request.get_data(cache=True).count(b"&") >= most:
            abort(413, f"Le formulaire dépasse {most} champs.")
    if any(has_dangerous_characters(text) for text in _received()):
        abort(400, "Le texte envoyé contient des caractères interdits.")


def _received() -> Any:
    yield request.path
    for values in (request.args, request.form):
        for name, value in values.items(multi=True):
            yield name
            yield value
    for file in request.files.values():
        yield file.filename or ""


def _protect(response: Response) -> Response:
    response.headers.extend(_HEADERS)
    if current.parts().https:
        response.headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    elif "v" in request.args and response.status_code < 400:  # noqa: PLR2004 — HTTP's own border
        response.headers["Cache-Control"] = _KEPT_A_YEAR
    return response
