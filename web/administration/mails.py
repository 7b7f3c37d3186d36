"""The mail queue as administrators see it: what waits, what left, what failed and why; never a text or an address."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields
from werkzeug.exceptions import NotFound

from domain.demand import Demand
from domain.rights import Role
from store.outbox import Mail
from web import current, people, wording
from web.access import allowed
from web.administration.blueprint import administration
from web.demands import LOOK_AT_DEMANDS
from web.errors import answer
from web.filters import why_label
from web.forms import Form, OneOf

MOST: Final = 100
STATES: Final = {"queued": "en attente d’envoi", "sent": "envoyés", "failed": "en échec"}


class State(Form):
    """Which letters to show."""

    state = fields.String(load_default=None, validate=OneOf(list(STATES)))


class Line(msgspec.Struct, frozen=True):
    """One letter of the queue; ``reference`` is None where it is about no single demand, or one that is not known."""

    mail_id: UUID
    kind: str
    reference: str | None
    opens: bool
    agent: str | None
    state: str
    queued_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    attempts: int
    why: str
    may_be_resent: bool


@administration.get("/courriels")
@allowed(Role.ADMIN)
def mails() -> str:
    """Les courriels."""
    state = State().load(request.args)["state"]
    outbox = current.parts().outbox
    counts, latest = outbox.counts(), outbox.latest(MOST, state)
    return render_template(
        "administration/mails.html",
        lines=[_line(mail) for mail in latest],
        counts=counts,
        states=STATES,
        labels=wording.LETTER_STATES,
        state=state,
        most=MOST,
    )


@administration.post("/courriels/<mail_id>/renvoi")
@allowed(Role.ADMIN)
def resend(mail_id: str) -> ResponseReturnValue:
    """Renvoyer un courriel en échec."""
    parts, identity = current.parts(), _identity(mail_id)
    if identity is None or not parts.outbox.present([identity]):
        raise NotFound("Ce courriel n’existe pas.")
    if not parts.outbox.resend(identity, current.now()):
        said = "Seul un courriel en échec dont le texte est encore gardé peut être renvoyé. Revenez à la liste."
        return answer(409, "Ce courriel ne peut pas être renvoyé", said)
    parts.office.saved()
    flash("Le courriel est de nouveau en attente d’envoi ; il part dès que le serveur de messagerie l’accepte.")
    return redirect(url_for(".mails"), 303)


def _identity(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def _line(mail: Mail) -> Line:
    reference, opens = _demand(mail.demand_id)
    return Line(
        mail_id=mail.mail_id,
        kind=mail_label(mail.kind),
        reference=reference,
        opens=opens,
        agent=mail.agent,
        state=mail.state,
        queued_at=mail.queued_at,
        next_at=mail.next_at if mail.state == "queued" else None,
        finished_at=mail.finished_at,
        attempts=mail.attempts,
        why=_why(mail),
        may_be_resent=mail.state == "failed" and mail.letter is not None,
    )


def _why(mail: Mail) -> str:
    if mail.agent is not None and mail.why == "no_address":
        return "l’agent n’a pas d’adresse électronique, ou n’est plus actif"
    return why_label(mail.why)


def mail_label(kind: str) -> str:
    """« Avis de prise en compte », « Relance »."""
    label = wording.LETTERS.get(kind) or wording.NOTICES.get(kind, kind)
    return label[:1].upper() + label[1:]


def _demand(identity: UUID | None) -> tuple[str | None, bool]:
    """The reference of a letter's demand, and whether this person may open its page."""
    demand: Any = current.parts().office.history.load(Demand, identity) if identity is not None else None
    if demand is None:
        return None, False
    rights, definition = current.agent().rights, people.definitions().get(demand.procedure)
    opens = rights.has(*LOOK_AT_DEMANDS) and definition is not None and rights.sees(definition)
    return demand.reference, opens
