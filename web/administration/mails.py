"""The mail queue as administrators see it: what waits, what left, what failed and why; never a text or an address."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields
from msgspec.structs import replace
from werkzeug.exceptions import NotFound

from domain.demand import Demand
from domain.errors import Invalid
from domain.instants import micros
from domain.letters import LetterKind
from domain.references import demand_id
from domain.rights import Role
from projections.cursors import BadCursor
from store.outbox import Mail, Wanted
from web import current, frame, wording
from web.access import allowed
from web.administration.blueprint import MOST_COUNTED, administration
from web.administration.mail_lines import Line, line, mail_label
from web.criteria import is_miscopied, written
from web.errors import answer
from web.forms import Form, Length, OneOf

SIZE: Final = 50
STATES: Final = {"queued": "en attente d’envoi", "sent": "envoyés", "failed": "en échec"}
KINDS: Final = (*wording.LETTERS, *wording.NOTICES)
_CURSOR: Final = re.compile("([0-9]{1,17})-([0-9a-f]{32})")


class Filters(Form):
    """Which letters to show, and where the last page ended."""

    state = fields.String(load_default=None, validate=OneOf(list(STATES)))
    kind = fields.String(load_default=None, validate=OneOf(KINDS))
    reference = fields.String(load_default=None, validate=Length(max=80))
    cursor = fields.String(load_default=None, validate=Length(max=200))


class Page(msgspec.Struct, frozen=True):
    """Some letters, and the cursor of those that follow."""

    lines: list[Line]
    next: str | None = None


@administration.get("/courriels")
@allowed(Role.ADMIN)
def mails() -> ResponseReturnValue:
    """Les courriels."""
    try:
        typed = Filters().load(request.args)
        return _shown(typed, _page(typed))
    except Invalid as invalid:
        errors = invalid.errors
    except BadCursor:
        errors = {"_schema": ["Cette page de la liste n’existe plus\u00a0: revenez au début."]}
    return _shown(Filters().load({}), Page([]), errors=errors, typed=request.args), 422


@administration.post("/courriels/<mail_id>/renvoi")
@allowed(Role.ADMIN)
def resend(mail_id: str) -> ResponseReturnValue:
    """Renvoyer un courriel en échec: who asked for it stands in the demand's history and beside the letter."""
    parts, identity = current.parts(), _identity(mail_id)
    mail = parts.outbox.find(identity) if identity is not None else None
    if mail is None:
        raise NotFound("Ce courriel n’existe pas.")
    if mail.state == "failed" and mail.letter is not None:
        _note_again(mail)
    if parts.outbox.resend(mail.mail_id, current.now(), current.agent().code):
        parts.office.saved()
    elif not _is_under_way(mail.mail_id):
        said = "Seul un courriel en échec dont le texte est encore gardé peut être renvoyé. Revenez à la liste."
        return answer(409, "Ce courriel ne peut pas être renvoyé", said)
    flash("Le courriel est de nouveau en attente d’envoi\u00a0; il part dès que le serveur de messagerie l’accepte.")
    return redirect(url_for(".mails"), 303)


def _is_under_way(mail_id: UUID) -> bool:
    """Whether this very administrator asked for it already: a double click is no refusal."""
    mail = current.parts().outbox.find(mail_id)
    return mail is not None and mail.state != "failed" and mail.resent_by == current.agent().code


def _note_again(mail: Mail) -> None:
    """A citizen's letter: the fact comes first, under the id of this one failure, so that a second try repeats none."""
    parts = current.parts()
    if mail.agent is not None or mail.demand_id is None or mail.finished_at is None:
        return
    if parts.office.history.load(Demand, mail.demand_id) is None:
        return
    asked = replace(current.command(), id=f"resend:{mail.mail_id}:{micros(mail.finished_at)}")
    with parts.office.demand_of_job(mail.demand_id, asked) as demand:
        demand.send_again(LetterKind(mail.kind), mail.mail_id)


def _page(typed: Mapping[str, Any]) -> Page:
    reference = written(typed["reference"])
    if reference is not None and is_miscopied(reference):
        return Page([])
    about = None if reference is None else demand_id(reference)
    wanted = Wanted(typed["state"], typed["kind"], about, _read(typed["cursor"]))
    found = current.parts().outbox.latest(SIZE + 1, wanted=wanted)
    more = _written(found[SIZE - 1]) if len(found) > SIZE else None
    return Page([line(mail) for mail in found[:SIZE]], more)


def _written(mail: Mail) -> str:
    return f"{micros(mail.queued_at)}-{mail.mail_id.hex}"


def _read(cursor: str | None) -> tuple[int, UUID] | None:
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadCursor
    return int(found[1]), UUID(found[2])


def _shown(wanted: Mapping[str, Any], page: Page, **more: Any) -> str:
    return render_template(
        "administration/mails.html",
        page=page,
        wanted=wanted,
        chips=list(_chips(wanted)),
        kinds=[(kind, mail_label(kind)) for kind in KINDS],
        counts=current.parts().outbox.counts(MOST_COUNTED),
        most=MOST_COUNTED,
        states=STATES,
        labels=wording.LETTER_STATES,
        miscopied=is_miscopied(written(wanted["reference"])),
        **more,
    )


def _chips(wanted: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The criteria that are set: label, value, and the address of the list without it."""
    said: dict[str, Callable[[str], str | None]] = {"state": STATES.get, "kind": mail_label, "reference": written}
    for name, label in (("state", "État"), ("kind", "Courriel"), ("reference", "Demande")):
        if wanted[name]:
            yield f"{label}\u00a0:", said[name](wanted[name]) or "", frame.same_page(**{name: None, "cursor": None})


def _identity(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
