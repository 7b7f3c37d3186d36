"""What agents do to one demand, each in one POST: take, hold, resume, reassign, mark."""

from contextlib import AbstractContextManager
from typing import Final

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug import Response

from domain.demand import Demand
from domain.handle import DemandHandle
from domain.rights import WORKS_ON_DEMANDS
from web import current, people
from web.access import allowed
from web.demands import awaits_acknowledgement, demand_page, history_page
from web.forms import Form, Length, rerender

actions = Blueprint("actions", __name__)
LONGEST_CODE: Final = 80
LONGEST_TEXT: Final = 2_000


class PutOnHold(Form):
    """Why the demand waits; reasons are configured, the detail is free and personal."""

    reason = fields.String(required=True, validate=Length(max=LONGEST_CODE))
    detail = fields.String(load_default=None, validate=Length(max=LONGEST_TEXT))


class Reassignment(Form):
    """Who follows the demand from now on, and a word to him."""

    agent = fields.String(required=True, validate=Length(max=LONGEST_CODE))
    note = fields.String(load_default=None, validate=Length(max=LONGEST_TEXT))


class AddedEvent(Form):
    """A milestone of a configured type, detailed in a comment."""

    event_type = fields.String(required=True, validate=Length(max=LONGEST_CODE))
    comment = fields.String(load_default=None, validate=Length(max=LONGEST_TEXT))


@actions.post("/demandes/<reference>/prise-en-compte")
@allowed(*WORKS_ON_DEMANDS)
def take_in_charge(reference: str) -> Response:
    """Prendre en compte, then the mail page if there is an address."""
    with _demand(reference) as demand:
        demand.take_in_charge()
    taken = demand.demand
    flash(_("Vous avez pris en compte la demande %(reference)s.", reference=taken.reference), "success")
    page = "letters.acknowledgement" if awaits_acknowledgement(taken) else "demands.show"
    return redirect(url_for(page, reference=taken.reference), 303)


@actions.post("/demandes/<reference>/mise-en-attente")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/show.html", demand_page, refused="hold")
def put_on_hold(reference: str) -> Response:
    """Mettre en attente."""
    with _demand(reference) as demand:
        demand.require(Demand.PutOnHold)
        demand.put_on_hold(**PutOnHold().load(request.form))
    return _done(_("La demande %(reference)s a été mise en attente.", reference=demand.demand.reference), demand.demand)


@actions.post("/demandes/<reference>/reprise")
@allowed(*WORKS_ON_DEMANDS)
def resume(reference: str) -> Response:
    """Réaffecter le statut en cours."""
    with _demand(reference) as demand:
        demand.resume()
    return _done(_("La demande %(reference)s a été remise en cours.", reference=demand.demand.reference), demand.demand)


@actions.post("/demandes/<reference>/reattribution")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/show.html", demand_page, refused="reassign")
def reassign(reference: str) -> Response:
    """Réattribuer."""
    office, by = current.parts().office, current.agent()
    with office.reassignment(reference, by=by, command=current.command(), version=current.seen_version()) as demand:
        demand.require(Demand.Reassigned)
        demand.reassign(**Reassignment().load(request.form))
    to = people.name_of(demand.demand.owner)
    said = _("La demande %(reference)s a été attribuée à %(agent)s.", reference=demand.demand.reference, agent=to)
    return _done(said, demand.demand)


@actions.post("/demandes/<reference>/evenements")
@allowed(*WORKS_ON_DEMANDS)
@rerender("demands/history.html", history_page, refused="event")
def add_event(reference: str) -> Response:
    """Ajouter un événement."""
    with _demand(reference) as demand:
        demand.require(Demand.EventAdded)
        demand.add_event(**AddedEvent().load(request.form))
    said = _("L’événement a été ajouté à la demande %(reference)s.", reference=demand.demand.reference)
    return _done(said, demand.demand, "demands.history")


def _demand(reference: str) -> AbstractContextManager[DemandHandle]:
    command, seen = current.command(), current.seen_version()
    return current.parts().office.demand(reference, by=current.agent(), command=command, version=seen)


def _done(said: str, demand: Demand, page: str = "demands.show") -> Response:
    flash(said, "success")
    return redirect(url_for(page, reference=demand.reference), 303)
