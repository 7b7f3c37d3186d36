"""The page of statistics: four figures, charts and their tables, for any period and breakdown, and its exports."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, abort, make_response, render_template, request, url_for
from marshmallow import fields
from msgspec.structs import replace
from werkzeug import Response

from domain.errors import Invalid, NotAllowed
from domain.rights import Role
from projections.periods import PERIODS
from projections.statistics import DIMENSIONS, TOWN, Figure, Figures
from web import current, frame, people
from web.access import allowed
from web.columns import (
    BREAKDOWNS,
    DEFINITIONS,
    NOBODY,
    TO_CLOSE,
    TO_TAKE,
    VOLUMES,
    Column,
    explained,
    exported,
    period_label,
    share,
    spoken,
)
from web.criteria import Day
from web.filters import agent_name, channel_label, procedure_title
from web.forms import Form, Length, OneOf
from web.spreadsheets import csv_answer, offers_xlsx, xlsx_answer

statistics = Blueprint("statistics", __name__)
SEES_FIGURES_BY_AGENT: Final = (Role.HEAD, Role.ADMIN, Role.ANALYST)
_SEES_EVERY_AGENT: Final = (Role.ADMIN, Role.ANALYST)
MOST_ROWS_SHOWN: Final = 750
_DRAWN: Final = {"received": "bar 1", "taken": "bar 2", "closed": "bar 3", "open": "line 4"}
"""The chart of volumes: how and in which colour; by agent what is received is nobody’s, and would hide the others."""
_LONGEST: Final = timedelta(days=36_525)
_FEW_DAYS, _FEW_MONTHS = timedelta(days=62), timedelta(days=4 * 366)
_TOO_MANY_SHOWN: Final = (
    f"Plus de {MOST_ROWS_SHOWN} lignes : raccourcissez la période, demandez-la par semaine ou par mois, ou exportez-la."
)


class Asked(Form):
    """Which figures: a range of days, a breakdown, one procedure or one service alone."""

    first = Day(data_key="from")
    last = Day(data_key="to")
    by = fields.String(load_default=None, validate=OneOf(tuple(BREAKDOWNS)))
    procedure = fields.String(load_default=None, validate=Length(max=40))
    service = fields.String(load_default=None, validate=Length(max=200))


_ASKED: Final = Asked()
_NAMES: Final = tuple(field.data_key or name for name, field in _ASKED.load_fields.items())


@statistics.get("/statistiques")
@allowed()
def show() -> Response:
    """Obtenir les statistiques."""
    try:
        asked = read()
        figures = told(asked)
    except Invalid as invalid:
        return _refused(invalid.errors)
    if len(figures.rows) > MOST_ROWS_SHOWN:
        return _refused({"by": [_TOO_MANY_SHOWN]})
    return make_response(render_template("statistics.html", **_context(asked, figures)))


@statistics.get("/statistiques.csv", defaults={"shape": "csv"})
@statistics.get("/statistiques.xlsx", defaults={"shape": "xlsx"})
@allowed()
def export(shape: str) -> Response:
    """The same figures as a file for a spreadsheet."""
    if shape == "xlsx" and not offers_xlsx():
        abort(404)
    try:
        asked = read()
        figures = told(asked)
    except Invalid as invalid:
        return _refused(invalid.errors)
    name = f"statistiques-{figures.first}-{figures.last}-{figures.by}"
    rows = exported(figures, lambda key: key_label(key, figures.by))
    if shape == "csv":
        return csv_answer(name, rows)
    sheets = {"Statistiques": rows, "Définitions": explained(figures, _limit(asked))}
    return xlsx_answer(name, sheets, current.now().astimezone(current.parts().zone))


def read() -> dict[str, Any]:
    """What the address asks for; raises Invalid, and NotAllowed for figures by agent."""
    asked: dict[str, Any] = _ASKED.load(request.args)
    first, last = asked["first"], asked["last"] or today()
    if first is not None and first > last:
        raise Invalid({"from": ["La période commence après sa fin."]})
    if first is not None and last - first > _LONGEST:
        raise Invalid({"from": ["La période dépasse cent ans."]})
    if asked["procedure"] and asked["service"]:
        raise Invalid({"service": ["Choisissez une démarche ou un service, pas les deux."]})
    if asked["by"] == "agent" and not sees_figures_by_agent():
        raise NotAllowed("figures by agent")
    return asked


def told(asked: Mapping[str, Any]) -> Figures:
    """The figures asked for; without a breakdown, by the period that suits their length."""
    of = next(((name, asked[name]) for name in ("procedure", "service") if asked[name]), TOWN)
    reader, first, last = current.parts().statistics, asked["first"], asked["last"] or today()
    by = asked["by"] or _suitable(first or reader.first_day() or last, last)
    figures = reader.figures(first, last, by, today(), of)
    if not is_partial(by):
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


def _suitable(first: date, last: date) -> str:
    if last - first <= _FEW_DAYS:
        return "day"
    return "month" if last - first <= _FEW_MONTHS else "year"


def _limit(asked: Mapping[str, Any]) -> str:
    return procedure_title(asked["procedure"]) if asked["procedure"] else asked["service"] or ""


def _context(asked: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    limited = asked["procedure"] or asked["service"]
    offered = {name: label for name, label in BREAKDOWNS.items() if name != "agent" or sees_figures_by_agent()}
    return {
        "asked": asked,
        "figures": figures,
        "by": figures.by,
        "rows": [(NOBODY if key is None else key_label(key, figures.by), figure) for key, figure in figures.rows],
        "over_time": figures.by in PERIODS,
        "breakdowns": [(name, label) for name, label in offered.items() if not limited or name not in DIMENSIONS],
        "broken_down": lambda name: _page({"by": name}),
        "procedures": people.choices_of_procedures(whole_town=True),
        "services": people.services(whole_town=True),
        "limit": _limit(asked),
        "periods": list(_periods(figures)),
        "delays": [_told_delay("take", figures.totals), _told_delay("close", figures.totals)],
        "volumes": VOLUMES,
        "drawn": {name: kind for name, kind in _DRAWN.items() if figures.by != "agent" or name != "received"},
        "to_take": TO_TAKE,
        "to_close": TO_CLOSE,
        "cell": cell,
        "heading": BREAKDOWNS[figures.by or "month"],
        "definitions": DEFINITIONS,
        "exports": list(_exports()),
        "partial": is_partial(figures.by),
    }


def cell(column: Column, figure: Figure) -> str:
    """A figure of a table as it is read; a dash where there is nothing to measure."""
    value = column.value(figure)
    if value is None:
        return "–"
    if column.kind == "count":
        return f"{value:,}".replace(",", "\u202f")
    shown = f"{value:.0f} %" if column.kind == "share" else f"{value:.1f}"
    return shown.replace(".", ",").replace(" %", "\u202f%")


def _told_delay(measure: str, totals: Figure) -> dict[str, Any]:
    """One of the two delays as the page tells it above the charts."""
    delay = totals.to_take if measure == "take" else totals.to_close
    name = "taken" if measure == "take" else "closed"
    return {
        "title": "Délai de prise en compte" if measure == "take" else "Délai de clôture, hors attente",
        "median": spoken(delay.median_s),
        "p90": spoken(delay.p90_s),
        "mean": spoken(delay.mean_s),
        "in_time": totals.in_time[name],
        "with_delay": totals.with_delay[name],
        "share": share(totals.in_time[name], totals.with_delay[name]),
    }


def _periods(figures: Figures) -> Iterator[tuple[str, str, bool]]:
    """The periods that one click chooses: label, address, and whether it is the one shown."""
    now, kept = today(), {} if figures.by in DIMENSIONS else {"by": None}
    year_ago = (now.replace(day=1) - timedelta(days=334)).replace(day=1)
    starts = {
        "Ce mois": now.replace(day=1),
        "Cette année": now.replace(month=1, day=1),
        "12 derniers mois": year_ago,
    }
    for label, start in starts.items():
        here = (figures.first, figures.last) == (start, now) and "from" in request.args
        yield label, _page({"from": start, "to": now} | kept), here
    yield "Tout", _page({"from": None, "to": None} | kept), not {"from", "to"} & set(request.args)


def _exports() -> Iterator[tuple[str, str]]:
    yield "CSV", _page({"shape": "csv"}, "statistics.export")
    if offers_xlsx():
        yield "XLSX", _page({"shape": "xlsx"}, "statistics.export")


def _page(changed: Mapping[str, Any], endpoint: str = "statistics.show") -> str:
    """This page, or its export, with some criteria changed; of the address only what the form knows."""
    kept = {name: request.args[name] for name in _NAMES if request.args.get(name)}
    return url_for(endpoint, **(kept | dict(changed)))


def _refused(errors: Mapping[str, list[str]]) -> Response:
    """The form with its messages, over the figures of the whole time."""
    asked = _ASKED.load({})
    context = _context(asked, told(asked))
    return make_response(render_template("statistics.html", errors=errors, typed=request.args, **context), 422)
