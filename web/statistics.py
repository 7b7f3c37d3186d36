"""The page of statistics: four figures, charts and their tables, for any period and breakdown, and its exports."""

from collections.abc import Iterable, Mapping
from typing import Final

from flask import Blueprint, abort, make_response, render_template, request
from werkzeug import Response

from domain.errors import Invalid
from projections.names import plain
from projections.statistics import Figures
from web import current, figures_page
from web.access import allowed
from web.asked_figures import criteria, figures_of, key_label, limit_label, sound_criteria
from web.columns import BREAKDOWNS, explained, exported
from web.figures_page import exports, figures_context, form_context, too_many, total_label
from web.spreadsheets import Row, csv_answer, offers_xlsx, xlsx_answer

statistics = Blueprint("statistics", __name__)
_IN_PARTS: Final = "choisissez une période plus courte, ou une ligne par mois ou par année."
_NONE: Final[tuple[tuple[str, str], ...]] = ()


@statistics.get("/statistiques")
@allowed()
def show() -> Response:
    """Obtenir les statistiques."""
    try:
        asked = criteria()
        figures = figures_of(asked)
    except Invalid as invalid:
        return _refused(invalid.errors)
    if len(figures.rows) > figures_page.MOST_ROWS_SHOWN:
        return _refused({"by": [too_many(figures.by)]}, exports(asked))
    page = render_template("statistics.html", **form_context(asked), **figures_context(asked, figures))
    return make_response(page)


@statistics.get("/statistiques.csv", defaults={"shape": "csv"})
@statistics.get("/statistiques.xlsx", defaults={"shape": "xlsx"})
@allowed()
def export(shape: str) -> Response:
    """The same figures as a file for a spreadsheet."""
    if shape == "xlsx" and not offers_xlsx():
        abort(404)
    try:
        asked = criteria()
        figures = figures_of(asked)
    except Invalid as invalid:
        return _refused(invalid.errors)
    name = f"statistiques-{figures.first}-{figures.last}-{plain(BREAKDOWNS[figures.by or 'day'])}"
    if shape == "csv":
        return csv_answer(name, _rows(figures), _IN_PARTS)
    sheets = {"Statistiques": _rows(figures), "Définitions": explained(figures, limit_label(asked))}
    return xlsx_answer(name, sheets, _IN_PARTS, current.now().astimezone(current.parts().zone))


def _rows(figures: Figures) -> Iterable[Row]:
    return exported(figures, lambda key: key_label(key, figures.by), total_label(figures))


def _refused(errors: Mapping[str, list[str]], files: Iterable[tuple[str, str]] = _NONE) -> Response:
    """The form with its messages and no figures; its links keep what is right in the address."""
    context = form_context(sound_criteria(errors))
    page = render_template("statistics.html", errors=errors, typed=request.args, exports=list(files), **context)
    return make_response(page, 422)
