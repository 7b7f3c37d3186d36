"""What the page of statistics shows: its links, its four figures, its delays, its tables and their charts."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from flask import url_for

from projections.periods import PERIODS
from projections.statistics import DIMENSIONS, Delay, Figure, Figures
from web import people
from web.asked_figures import NAMES, is_partial, key_label, limit_label, sees_figures_by_agent, today
from web.columns import (
    BREAKDOWNS,
    DEFINITIONS,
    TO_CLOSE,
    TO_TAKE,
    TOTAL,
    TOTAL_OF_THE_TOWN,
    VOLUMES,
    Column,
    Value,
    labelled,
    nine_in_ten,
    percent,
    share,
    spoken,
)
from web.filters import number
from web.spreadsheets import offers_xlsx

MOST_ROWS_SHOWN: Final = 750
MANY_ROWS: Final = 90
_DRAWN: Final = {"received": "bar 1", "taken": "bar 2", "closed": "bar 3"}
"""The chart of volumes: how and in which colour; by agent what is received is nobody’s, and would hide the others."""
_COARSER: Final = {
    "day": {"week": "par semaine", "month": "par mois"},
    "week": {"month": "par mois"},
    "month": {"year": "par année"},
}
_NARROW_SPACE: Final = "\u202f"


def form_context(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The form and the links above the figures."""
    limited = asked["procedure"] or asked["service"]
    offered = {name: label for name, label in BREAKDOWNS.items() if name != "agent" or sees_figures_by_agent()}
    return {
        "asked": asked,
        "breakdowns": [(name, label) for name, label in offered.items() if not limited or name not in DIMENSIONS],
        "broken_down": lambda name: address(asked, {"by": name}),
        "procedures": people.choices_of_procedures(whole_town=True),
        "services": people.services(whole_town=True),
        "limit": limit_label(asked),
        "periods": list(_periods(asked)),
        "definitions": DEFINITIONS,
    }


def figures_context(asked: Mapping[str, Any], figures: Figures) -> dict[str, Any]:
    """The figures themselves, and the files of them."""
    return {
        "figures": figures,
        "by": figures.by,
        "heading": BREAKDOWNS[figures.by or "month"],
        "rows": labelled(figures, lambda key: key_label(key, figures.by)),
        "total": total_label(figures),
        "partial": is_partial(figures.by),
        "coarser": list(_coarser(asked, figures)),
        "delays": list(_delays(figures.totals)),
        "exports": list(exports(asked)),
        **_tables(figures),
    }


def too_many(by: str | None) -> str:
    """Why a page does not show so many rows, and what to do."""
    coarser = " ou ".join(_COARSER.get(by or "", {}).values())
    shorter = f"raccourcissez la période, demandez-la {coarser}, ou " if coarser else ""
    return f"Plus de {MOST_ROWS_SHOWN} lignes pour une page\u00a0: {shorter}exportez-les."


def total_label(figures: Figures) -> str:
    """What the last line adds up."""
    return TOTAL_OF_THE_TOWN if is_partial(figures.by) else TOTAL


def exports(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files of the same figures: label and address."""
    for shape in ("csv", "xlsx") if offers_xlsx() else ("csv",):
        yield shape.upper(), address(asked, {"shape": shape}, "statistics.export")


def address(asked: Mapping[str, Any], changed: Mapping[str, Any], endpoint: str = "statistics.show") -> str:
    """This page, or its export, with some criteria changed; nothing else of the present address is kept."""
    kept = {NAMES[name]: value for name, value in asked.items() if value}
    return url_for(endpoint, **(kept | dict(changed)))


def _tables(figures: Figures) -> dict[str, Any]:
    """The columns of the three tables, and which of them are drawn: the backlog over time on a scale of its own."""
    over_time = figures.by in PERIODS
    drawn = {name: kind for name, kind in _DRAWN.items() if figures.by != "agent" or name != "received"}
    return {
        "over_time": over_time,
        "volumes": VOLUMES,
        "drawn": drawn | {"open": "line 4 stock" if over_time else "bar 4"},
        "to_take": TO_TAKE,
        "to_close": TO_CLOSE,
        "cell": _cell,
        "plotted": _plotted,
    }


def _cell(column: Column, figure: Figure) -> str:
    """A figure of a table as it is read; a dash where there is nothing to measure."""
    value = column.value(figure)
    if value is None:
        return "–"
    if column.kind == "count":
        return number(value)
    return _written_share(value) if column.kind == "share" else f"{value:.1f}".replace(".", ",")


def _plotted(column: Column, figure: Figure) -> Value:
    """A figure as a chart draws it."""
    value = column.value(figure)
    return round(value, 4) if isinstance(value, float) else value


def _written_share(value: float) -> str:
    return f"{percent(value):.0f}{_NARROW_SPACE}%"


def _delays(totals: Figure) -> Iterator[dict[str, Any]]:
    """The two delays as the page tells them above the charts."""
    yield {"title": "Délai de prise en compte", **_delay("taken", totals, totals.to_take)}
    yield {"title": "Délai de clôture, hors attente", **_delay("closed", totals, totals.to_close)}


def _delay(name: str, totals: Figure, delay: Delay) -> dict[str, Any]:
    part, whole = totals.in_time[name], totals.with_delay[name]
    exact = share(part, whole)
    return {
        "median": spoken(delay.median_s),
        "mean": spoken(delay.mean_s),
        "nine_in_ten": nine_in_ten(delay.p90_s),
        "in_time": part,
        "with_delay": whole,
        "share": None if exact is None else _written_share(exact),
    }


def _coarser(asked: Mapping[str, Any], figures: Figures) -> Iterator[tuple[str, str]]:
    """Where the rows are many, longer periods: label and address."""
    if len(figures.rows) > MANY_ROWS:
        for name, label in _COARSER.get(figures.by or "", {}).items():
            yield label, address(asked, {"by": name})


def _periods(asked: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The periods that one click chooses: label, address, and whether it is the one shown."""
    now, kept = today(), {} if asked["by"] in DIMENSIONS else {"by": None}
    for label, start in _starts(now).items():
        here = (asked["first"], asked["last"] or now) == (start, now)
        yield label, address(asked, {"from": start, "to": now} | kept), here
    yield "Tout", address(asked, {"from": None, "to": None} | kept), not (asked["first"] or asked["last"])


def _starts(now: date) -> dict[str, date]:
    this_month = now.replace(day=1)
    return {
        "Ce mois": this_month,
        "Cette année": now.replace(month=1, day=1),
        "12 derniers mois": (this_month - timedelta(days=334)).replace(day=1),
    }
