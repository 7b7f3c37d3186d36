"""Which figures an address asks for, and who may see them."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from flask import request
from marshmallow import fields
from msgspec.structs import replace

from domain.errors import Invalid, NotAllowed
from domain.rights import Role
from projections.statistics import TOWN, Figures
from web import current, days, frame, people
from web.columns import BREAKDOWNS, period_label, refusals_in_words
from web.criteria import Day
from web.filters import agent_name, channel_label, procedure_title
from web.forms import Form, Length, OneOf

SEES_FIGURES_BY_AGENT: Final = (Role.HEAD, Role.ADMIN, Role.ANALYST)
_SEES_EVERY_AGENT: Final = (Role.ADMIN, Role.ANALYST)
_FEW_DAYS, _FEW_MONTHS = timedelta(days=62), timedelta(days=4 * 366)


class Asked(Form):
    """Which figures: a range of days, a breakdown, one procedure or one service alone."""

    first = Day(data_key="from")
    last = Day(data_key="to")
    by = fields.String(load_default=None, validate=OneOf(tuple(BREAKDOWNS)))
    procedure = fields.String(load_default=None, validate=Length(max=40))
    service = fields.String(load_default=None, validate=Length(max=200))


_ASKED: Final = Asked()
NAMES: Final = {name: field.data_key or name for name, field in _ASKED.load_fields.items()}
"""The criteria, and what they are called in an address."""


def criteria() -> dict[str, Any]:
    """What the present address asks for; raises Invalid, and NotAllowed for figures by agent."""
    return _read(request.args)


def sound_criteria(faulty: Iterable[str]) -> dict[str, Any]:
    """The same without what is wrong in it; nothing where the rest is wrong as well."""
    rest = {name: value for name, value in request.args.items() if name not in set(faulty)}
    try:
        return _read(rest)
    except Invalid:
        return _read({})


def figures_of(asked: Mapping[str, Any]) -> Figures:
    """The figures asked for; without a breakdown, by the period that suits their length. Raises Invalid."""
    of = next(((name, asked[name]) for name in ("procedure", "service") if asked[name]), TOWN)
    with refusals_in_words():
        figures = current.parts().statistics.figures(asked["first"], asked["last"], _by(asked), today(), of)
    if not is_partial(figures.by):
        return figures
    mine = {code for code, _ in people.colleagues()}
    return replace(figures, rows=[(key, figure) for key, figure in figures.rows if key in mine])


def is_partial(by: str | None) -> bool:
    """Whether only the agents of one's own services are shown: a head of service's figures by agent."""
    return by == "agent" and not current.agent().rights.has(*_SEES_EVERY_AGENT)


def sees_figures_by_agent() -> bool:
    """Whether this person may know who did how much."""
    return current.agent().rights.has(*SEES_FIGURES_BY_AGENT)


def today() -> date:
    """The present day in town."""
    return frame.calendar().local_day(current.now())


def key_label(key: str, by: str | None) -> str:
    """What a row stands for, in the town's words."""
    match by:
        case "procedure":
            return procedure_title(key)
        case "agent":
            return agent_name(key)
        case "channel":
            return channel_label(key)
        case _:
            return period_label(key, by or "")


def limit_label(asked: Mapping[str, Any]) -> str:
    """The procedure or the service that the figures are limited to; nothing for the whole town."""
    return procedure_title(asked["procedure"]) if asked["procedure"] else asked["service"] or ""


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    asked: dict[str, Any] = _ASKED.load(typed)
    last = asked["last"] or today()
    days.require_order(asked["first"], last)
    days.require_a_century(asked["first"], last)
    if asked["procedure"] and asked["service"]:
        raise Invalid({"service": ["Choisissez une démarche ou un service, pas les deux."]})
    if asked["by"] == "agent" and not sees_figures_by_agent():
        raise NotAllowed("figures by agent")
    return asked


def _by(asked: Mapping[str, Any]) -> str:
    """The breakdown asked for, or the period that makes neither too many rows nor too few."""
    if asked["by"]:
        return str(asked["by"])
    last = asked["last"] or today()
    length = last - (asked["first"] or current.parts().statistics.first_day() or last)
    if length <= _FEW_DAYS:
        return "day"
    return "month" if length <= _FEW_MONTHS else "year"
