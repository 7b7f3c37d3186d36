"""One letter of the queue as a row of a table: its kind, its demand, its state and why, who sent it again."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.demand import Demand
from store.outbox import Mail
from web import current, people, wording
from web.demands import LOOK_AT_DEMANDS
from web.filters import why_label


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
    resent_by: str | None
    may_be_resent: bool


def line(mail: Mail) -> Line:
    """The row of one letter."""
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
        resent_by=mail.resent_by,
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
    facts = current.parts().office.history.facts(identity, lte=1) if identity is not None else ()
    if not facts or not isinstance(first := facts[0], Demand.Submitted):
        return None, False
    rights, definition = current.agent().rights, people.definitions().get(first.procedure)
    opens = rights.has(*LOOK_AT_DEMANDS) and definition is not None and rights.sees(definition)
    return first.reference, opens
