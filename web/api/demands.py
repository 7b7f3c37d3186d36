"""Demands as other programs may read them: references, statuses, agents and dates, nothing of the citizens."""

from typing import Any, Final

import msgspec
from flask import Response

from domain.delays import Delays, due_at
from domain.demand import Demand
from domain.dossier import Dossier, shown
from domain.facts import Fact
from projections.all_demands import DemandFilters, DemandRow
from web import current, frame
from web.api import shapes
from web.api.blueprint import operation
from web.api.queries import DemandsQuery, beginning, end
from web.api.written import answer

READERS: Final = ("read", "audit")


@operation("/demands", *READERS, query=DemandsQuery, shape=shapes.DemandPage, refusals=(400, 422))
def list_demands(query: dict[str, Any]) -> Response:
    """Les demandes, ouvertes et terminées."""
    first, last = beginning(query.pop("received_from")), end(query.pop("received_to"))
    page = current.parts().all_demands.page(
        DemandFilters(received_from=first, received_before=last, **query), current.now()
    )
    return answer({"items": [_listed(row) for row in page.items], "next": page.next})


@operation("/demands/<reference>", *READERS, shape=shapes.OneDemand, refusals=(404,))
def read_demand(reference: str) -> Response:
    """Une demande."""
    dossier = current.parts().office.dossier(reference, None)
    return answer(_summary(dossier))


@operation("/demands/<reference>/history", *READERS, shape=shapes.History, refusals=(404,))
def read_history(reference: str) -> Response:
    """Tous les faits d'une demande."""
    dossier = current.parts().office.dossier(reference, None)
    return answer({"items": [_fact(fact) for fact in dossier.facts]})


def _listed(row: DemandRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    del values["version"]
    return values


def _summary(dossier: Dossier) -> dict[str, Any]:
    demand = dossier.demand
    return {
        "reference": demand.reference,
        "status": demand.status,
        "procedure": demand.procedure,
        "service": demand.service,
        "agent": demand.owner,
        "channel": demand.channel,
        "submitted_at": demand.submitted_at,
        "taken_at": demand.taken_at,
        "due_at": _due_at(demand, dossier),
        "closed_at": demand.closed_at,
        "version": demand.version,
    }


def _due_at(demand: Demand, dossier: Dossier) -> Any:
    definition = dossier.definition
    working = definition.delay_calendar == "working"
    delays = Delays(definition.take_delay_days, definition.close_delay_days, working)
    return due_at(demand.status, demand.submitted_at, demand.taken_at, demand.held_seconds, delays, frame.calendar())


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "version": fact.originator_version,
        "kind": fact.name,
        "at": fact.timestamp,
        "actor": fact.actor,
        "agent": fact.agent,
        "data": shown(fact),
    }
