"""The demo's mailbox: what fictitious citizens and agents would have received; only the demo has this page."""

from typing import Any

from flask import Blueprint, abort, render_template

from web import current
from web.access import open_to_all

mailbox = Blueprint("mailbox", __name__)


@mailbox.get("/demo/courriels")
@open_to_all
def show() -> str:
    """Les courriels de la démonstration, les plus récents d’abord."""
    return render_template("mailbox.html", mails=_kept(), mail=None)


@mailbox.get("/demo/courriels/<mail_id>")
@open_to_all
def read(mail_id: str) -> str:
    """Un courriel de la démonstration, comme son destinataire le lit."""
    found = next((mail for mail in _kept() if mail.mail_id == mail_id), None)
    if found is None:
        abort(404)
    return render_template("mailbox.html", mails=[], mail=found)


def _kept() -> list[Any]:
    parts = current.parts()
    if not parts.demo:
        abort(404)
    return list(parts.mailbox())
