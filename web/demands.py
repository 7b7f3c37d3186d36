"""A demand's two pages: its content with what may be done now, and its history."""

from datetime import datetime
from typing import Any, Final

import msgspec
from flask import Blueprint, redirect, render_template, url_for
from werkzeug import Response

from domain.delays import Delays, due_at
from domain.demand import Demand
from domain.dossier import Dossier
from domain.facts import Fact
from domain.letters import LetterKind
from domain.references import read_reference
from domain.rights import Role
from domain.status import FINISHED, Status
from web import current, people, wording
from web.access import allowed
from web.deletions import deletion
from web.filters import term
from web.frame import calendar
from web.sheets import sheet
from web.timeline import timeline

demands = Blueprint("demands", __name__)
LOOK_AT_DEMANDS: Final = (Role.AGENT, Role.HEAD, Role.AUDITOR)
ACTIONS: Final = {
    Status.UNTREATED: ("take", "event", "contact", "reassign"),
    Status.IN_PROGRESS: ("acknowledge", "event", "close", "hold", "contact", "reassign"),
    Status.ON_HOLD: ("resume", "acknowledge", "event", "contact", "reassign"),
}
"""What may follow in each status, the most likely first."""


@demands.get("/demandes/<reference>")
@allowed(*LOOK_AT_DEMANDS)
def show(reference: str) -> Response | str:
    """La demande entière (loupe); looking is not taking."""
    if (written := read_reference(reference)) != reference:
        return redirect(url_for(".show", reference=written), 303)
    return render_template("demands/show.html", **demand_page(reference))


@demands.get("/demandes/<reference>/historique")
@allowed(*LOOK_AT_DEMANDS)
def history(reference: str) -> Response | str:
    """L’historique, ou feuille de route."""
    if (written := read_reference(reference)) != reference:
        return redirect(url_for(".history", reference=written), 303)
    return render_template("demands/history.html", **history_page(reference))


def demand_page(reference: str) -> dict[str, Any]:
    """What the demand's page shows; shown again with messages when an action's form is refused."""
    dossier = opened(reference, "demand")
    return {**frame(dossier), "groups": sheet(dossier)}


def history_page(reference: str) -> dict[str, Any]:
    """What the history shows."""
    dossier = opened(reference, "history")
    return {**frame(dossier), "moments": timeline(dossier)}


def opened(reference: str, page: str) -> Dossier:
    """A demand to look at; the access log keeps who saw its content on which page."""
    parts, agent = current.parts(), current.agent()
    dossier = parts.office.dossier(reference, agent)
    if dossier.demand.erased_at is None and dossier.applicant is not None:
        parts.access_log.note(agent.code, dossier.demand.reference, page, current.now())
    return dossier


def frame(dossier: Dossier) -> dict[str, Any]:
    """What every page of one demand needs: the demand, what this agent may do, what he may choose."""
    demand = dossier.demand
    return {
        "dossier": dossier,
        "demand": demand,
        "definition": dossier.definition,
        "finished": demand.status in FINISHED,
        "erased": demand.erased_at is not None,
        "categories": [wording.CATEGORIES.get(name, name) for name, n in demand.sealed_counts.items() if n],
        "applicant": dossier.applicant if demand.erased_at is None else None,
        "actions": actions_on(dossier),
        "due": due_of(dossier),
        "deleted_on": deletion(demand.status, demand.submitted_at, dossier.definition),
        "waits_for": waits_for(dossier),
        "reasons": people.terms("reason"),
        "outcomes": people.terms("outcome"),
        "event_types": people.terms("event_type"),
        "owners": [(code, name) for code, name in people.owners(dossier.definition) if code != demand.owner],
        "undelivered": undelivered(dossier),
        "owner_left": demand.owner is not None and not people.is_active(demand.owner),
        "leads": current.agent().rights.reassigns_many(demand.service, own=False),
    }


def undelivered(dossier: Dossier) -> list[Fact]:
    """Why each letter that did not reach the citizen failed, the last time it was tried."""
    unsent = dossier.demand.unsent
    failures = {fact.mail_id: fact for fact in dossier.facts if isinstance(fact, Demand.MailFailed)}
    return [fact for mail_id, fact in failures.items() if mail_id in unsent]


class Wait(msgspec.Struct, frozen=True):
    """Why a demand waits: in the town's words, then in those of who put it on hold, for readers with the right."""

    reason: str
    detail: list[str]


def waits_for(dossier: Dossier) -> Wait | None:
    """Why a demand on hold waits."""
    if dossier.demand.status is not Status.ON_HOLD:
        return None
    held = next(fact for fact in reversed(dossier.facts) if isinstance(fact, Demand.PutOnHold))
    return Wait(term(held.reason, "reason"), (dossier.opened(held, "detail") or "").splitlines())


def due_of(dossier: Dossier) -> datetime | None:
    """The demand's échéance under the delays in force; None on hold, when finished or without a delay."""
    demand, definition = dossier.demand, dossier.definition
    working = definition.delay_calendar == "working"
    delays = Delays(definition.take_delay_days, definition.close_delay_days, working)
    submitted, taken = demand.submitted_at, demand.taken_at
    return due_at(demand.status, submitted, taken, demand.held_seconds, delays, calendar())


def actions_on(dossier: Dossier) -> list[str]:
    """The actions that this agent may do now, the most likely first."""
    rights, demand = current.agent().rights, dossier.demand
    able = {"reassign"} if rights.oversees(demand.service) else set()
    if rights.processes(dossier.definition):
        able |= {"take", "event", "close", "hold", "resume", "reassign"}
        able |= {"acknowledge"} if awaits_acknowledgement(demand) else set()
        able |= {"contact"} if demand.has_email else set()
    return [action for action in ACTIONS.get(demand.status, ()) if action in able]


def awaits_acknowledgement(demand: Demand) -> bool:
    """Whether nobody decided yet to send or decline the acknowledgement."""
    return demand.has_email and LetterKind.ACKNOWLEDGEMENT not in demand.letters
