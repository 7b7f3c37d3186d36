"""For a production server: ``gunicorn suivi.wsgi:application``; settings come from the environment, as everywhere."""

import atexit
import secrets

from flask import Flask

from suivi import logs
from suivi.compose import Installation
from suivi.opening import now, settings
from suivi.posting import LinkPost
from suivi.refusals import CommandRefused
from suivi.serving import refuse_demo, start, transport_of, web_parts
from web.app import create_app

_PORT = 8000


def build() -> Flask:
    """The pages, and the workers in the same process unless a broker has them."""
    chosen = settings()
    refuse_demo(chosen)
    installation = Installation.open(chosen, now, secrets.token_bytes)
    installation.catch_up()  # what stops the lists is told by /health/ready; it does not stop the intake
    base_url, transport = chosen.at(_PORT), transport_of(chosen)
    links = LinkPost(installation, base_url)
    if not chosen.broker_url:
        atexit.register(start(installation, base_url, transport, embedded=True).stop)
    return create_app(web_parts(installation, base_url, links.send))


logs.configure()
try:
    application = build()
except CommandRefused as refusal:
    raise SystemExit(f"suivi : {refusal}") from refusal
