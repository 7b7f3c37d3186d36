"""The journal: finished demands and archives, with their milestones and nothing personal."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any, Final

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from marshmallow import fields
from werkzeug import Response

from domain.errors import Invalid
from domain.references import EXAMPLE
from domain.rights import WORKS_ON_DEMANDS, Role
from projections.cursors import BadCursor
from projections.journal import JournalCriteria, JournalMilestone, JournalPage
from projections.reading import Scope
from web import current, days, frame, people, pieces
from web.access import allowed
from web.criteria import SIZES, Day, in_address, is_miscopied, is_reference, written
from web.filters import agent_name, day, kind_label, term
from web.forms import Form, Length, OneOf
from web.journal_table import COLUMNS, Words, cells, code_label, finished
from web.spreadsheets import Row, by_dates, csv_answer, offers_xlsx, xlsx_answer

journal = Blueprint("journal", __name__)
SEES_THE_WHOLE_TOWN: Final = (Role.ADMIN, Role.AUDITOR, Role.ANALYST)
CHIPS: Final = {
    "reference": "Référence",
    "procedure": "Démarche",
    "service": "Service",
    "agent": "Agent",
    "event_type": "Événement",
    "closed_from": "Terminée depuis le",
    "closed_to": "Terminée jusqu’au",
}


class Filters(Form):
    """What narrows the journal."""

    reference = fields.String(load_default=None, validate=Length(max=80))
    procedure = fields.String(load_default=None, validate=Length(max=80))
    service = fields.String(load_default=None, validate=Length(max=200))
    agent = fields.String(load_default=None, validate=Length(max=80))
    event_type = fields.String(load_default=None, validate=Length(max=80))
    closed_from = Day()
    closed_to = Day()
    archives = fields.Boolean(load_default=False)
    size = fields.Integer(load_default=SIZES[0], validate=OneOf(SIZES))
    cursor = fields.String(load_default=None, validate=Length(max=200))


_FILTERS: Final = Filters()
_IN_PARTS: Final = (
    by_dates("Terminée à partir du", "Terminée jusqu’au")
    + " Le journal entier s’obtient par la commande «\u00a0suivi export\u00a0»."
)
_NO_REFERENCE: Final = f"Une référence ressemble à {EXAMPLE}. Le journal ne garde aucun nom d’usager."


@journal.get("/journal")
@allowed()
def show() -> Response:
    """Le journal."""
    try:
        typed = criteria()
        page = current.parts().journal.page(_question(typed), reach())
    except Invalid as invalid:
        return _refused(invalid.errors)
    except BadCursor:
        return _refused({"_schema": ["Cette page du journal n’existe plus\u00a0: revenez au début."]})
    return make_response(render_template("journal.html", **_form(typed), **_results(typed, page)))


@journal.post("/journal")
@allowed()
def look_for() -> Response:
    """Chercher; a POST, so that a citizen's name typed by mistake stands in no address."""
    try:
        typed = _read(request.form)
    except Invalid as invalid:
        return _refused(invalid.errors)
    return redirect(url_for("journal.show", **in_address(typed)), 303)


@journal.get("/journal.csv", defaults={"shape": "csv"})
@journal.get("/journal.xlsx", defaults={"shape": "xlsx"})
@allowed()
def export(shape: str) -> Response:
    """All that the present search finds, as a file for a spreadsheet."""
    if shape == "xlsx" and not offers_xlsx():
        abort(404)
    try:
        typed = criteria()
        name = f"{'archives' if typed['archives'] else 'journal'}-{_today():%Y-%m-%d}"
        if shape == "csv":
            return csv_answer(name, _rows(typed), _IN_PARTS)
        return xlsx_answer(name, {"Journal": _rows(typed)}, _IN_PARTS, _today())
    except Invalid as invalid:
        return _refused(invalid.errors)


def criteria() -> dict[str, Any]:
    """What the address asks for; raises Invalid."""
    typed = _read(request.args)
    return typed | {"reference": written(typed["reference"])}


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    """The filters as typed; what looks like no reference may be a citizen's name, which no link may repeat."""
    read: dict[str, Any] = _FILTERS.load(typed)
    if read["reference"] and not is_reference(read["reference"]):
        raise Invalid({"reference": [_NO_REFERENCE]})
    days.require_order(read["closed_from"], read["closed_to"], "closed_from")
    return read


def reach() -> Scope | None:
    """The services and procedures whose finished demands this person sees; None for the whole town."""
    return None if current.agent().rights.has(*SEES_THE_WHOLE_TOWN) else current.scope()


def archive_limit() -> datetime:
    """Demands finished before this instant are archives; the town sets how many days that is."""
    return current.now() - timedelta(days=frame.townhall().archive_after_days)


def milestone(kind: str, detail: str | None, agent: str | None) -> str:
    """A step of a finished demand, in the town's words."""
    label = code_label(kind, detail, agent_name, lambda vocabulary, code: term(code, vocabulary))
    said = "\u00a0: ".join(filter(None, (kind_label(kind), f"à {label}" if kind == "Reassigned" else label)))
    return f"{said} ({agent_name(agent)})" if agent else said


def _milestones() -> Callable[[Iterable[JournalMilestone]], Markup]:
    """The steps of a row as items of a list; the same come back on every row, and each is said once a page."""
    said, at = cache(lambda *step: escape(milestone(*step))), pieces.dates().at

    def written(steps: Iterable[JournalMilestone]) -> Markup:
        items = [f"<li>{at(step.at)} {said(step.kind, step.detail, step.agent)}</li>" for step in steps]
        return Markup("".join(items))  # noqa: S704 — escaped above

    return written


def _words() -> Words:
    """What codes stand for, to those who look at one page."""
    known, zone = current.known(), current.parts().zone
    return Words(
        agents={code: agent.name for code, agent in known.agents.items()},
        titles={code: row.title for code, row in known.procedures.items()},
        terms=current.parts().office.directory.townhall().vocabularies,
        zone=zone,
    )


def _rows(typed: Mapping[str, Any]) -> Iterator[Row]:
    """The headings and all that the search finds, some hundreds at a time."""
    words = _words()
    found = finished(current.parts().journal, _question(typed), reach())
    return chain([COLUMNS], (cells(row, words) for row in found))


def _today() -> datetime:
    return current.now().astimezone(current.parts().zone)


def _exports() -> Iterator[tuple[str, str]]:
    """The files of the present search: label and address, of which the size and place of a page are no part."""
    kept: dict[str, Any] = {name: request.args[name] for name in (*CHIPS, "archives") if request.args.get(name)}
    for shape in ("csv", "xlsx") if offers_xlsx() else ("csv",):
        yield shape.upper(), url_for("journal.export", shape=shape, **kept)


def _question(typed: Mapping[str, Any]) -> JournalCriteria:
    start_of = frame.calendar().start_of
    first, last = typed["closed_from"], typed["closed_to"]
    return JournalCriteria(
        reference=typed["reference"],
        procedure=typed["procedure"],
        service=typed["service"],
        agent=typed["agent"],
        event_type=typed["event_type"],
        closed_from=start_of(first) if first else None,
        closed_before=start_of(last + timedelta(1)) if last else None,
        archived=typed["archives"],
        archive_limit=archive_limit(),
        limit=typed["size"],
        cursor=typed["cursor"],
    )


def _form(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The form and what it offers to this person."""
    whole_town = reach() is None
    return {
        "wanted": typed,
        "procedures": people.choices_of_procedures(whole_town=whole_town),
        "services": people.services(whole_town=whole_town),
        "agents": people.colleagues(whole_town=whole_town),
        "event_types": people.known_terms("event_type"),
        "archive_limit": archive_limit(),
    }


def _results(typed: Mapping[str, Any], page: JournalPage) -> dict[str, Any]:
    """What was found, and the files of it."""
    return {
        "page": page,
        "chips": list(_chips(typed)),
        "sizes": SIZES,
        "miscopied": not page.rows and is_miscopied(typed["reference"]),
        "works": current.agent().rights.has(*WORKS_ON_DEMANDS, Role.AUDITOR),
        "steps": _milestones(),
        "exports": list(_exports()),
    }


def _refused(errors: Mapping[str, list[str]]) -> Response:
    """The form with its messages and nothing found."""
    typed = request.form if request.method == "POST" else request.args
    archives = {"archives": "1"} if typed.get("archives") == "1" else {}
    page = render_template("journal.html", errors=errors, typed=typed, **_form(_FILTERS.load(archives)))
    return make_response(page, 422)


def _chips(typed: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The criteria that are set: label, value, and the address of the journal without it."""
    for name, label in CHIPS.items():
        if typed[name]:
            yield f"{label}\u00a0:", _said(name, typed[name]), frame.same_page(**{name: None, "cursor": None})


def _said(name: str, value: Any) -> str:
    if name == "procedure" and value in people.definitions():
        return people.definitions()[value].title
    if name == "agent":
        return people.name_of(value)
    if name == "event_type":
        return term(value, "event_type")
    return day(value) if name.startswith("closed_") else str(value)
