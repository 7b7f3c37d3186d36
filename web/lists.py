"""The four lists of open demands: « Non traitées », « En cours », « En attente », « Du service »."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug import Response

from domain.errors import Invalid, UnknownDemand
from domain.rights import WORKS_ON_DEMANDS
from projections.cursors import BadCursor
from projections.names import SHORTEST_PREFIX, asked
from projections.reading import Page
from web import criteria, criteria_form, current
from web.access import allowed
from web.deletions import deletions
from web.filters import number, plural
from web.lines import lines
from web.named_filters import above
from web.rows import rows as written
from web.ticks import Ticks, ticks

lists = Blueprint("lists", __name__)
_PAGE_GONE: Final = "Cette page de la liste n’existe plus\u00a0: revenez au début de la liste."


class Section(msgspec.Struct, frozen=True):
    """One list: its address, its title in the guide's words, what it says when it holds nothing."""

    name: str
    address: str
    title: str
    sort: str
    empty: str
    advice: str


SECTIONS: Final = {
    section.name: section
    for section in (
        Section(
            "untreated",
            "non-traitees",
            "Non traitées",
            "received",
            "Aucune demande n’attend d’être prise en compte.",
            "Les nouvelles demandes de vos démarches arriveront ici\u00a0; vous serez prévenu par courriel.",
        ),
        Section(
            "in_progress",
            "en-cours",
            "En cours",
            "due",
            "Vous n’avez aucune demande en cours.",
            "Prenez-en une en compte dans «\u00a0Non traitées\u00a0».",
        ),
        Section(
            "on_hold",
            "en-attente",
            "En attente",
            "received",
            "Aucune de vos demandes n’est en attente.",
            "«\u00a0Mettre en attente\u00a0», sur la page d’une demande en cours, suspend ses délais et ses relances.",
        ),
        Section(
            "service",
            "service",
            "Du service",
            "received",
            "Votre service n’a aucune demande ouverte.",
            "Les demandes terminées se trouvent dans le journal.",
        ),
    )
}


@lists.get("/demandes/non-traitees")
@allowed(*WORKS_ON_DEMANDS)
def untreated() -> Response:
    """Non traitées: what nobody took yet among the procedures the agent has rights on."""
    return shown("untreated")


@lists.get("/demandes/en-cours")
@allowed(*WORKS_ON_DEMANDS)
def in_progress() -> Response:
    """En cours: the agent's own demands."""
    return shown("in_progress")


@lists.get("/demandes/en-attente")
@allowed(*WORKS_ON_DEMANDS)
def on_hold() -> Response:
    """En attente: the agent's own demands that wait for something outside the town hall."""
    return shown("on_hold")


@lists.get("/demandes/service")
@allowed(*WORKS_ON_DEMANDS)
def service() -> Response:
    """Du service: every open demand of the agent's services."""
    return shown("service")


def shown(name: str) -> Response:
    """A list under the criteria of its address; faulty ones are explained beside an empty list."""
    section = SECTIONS[name]
    try:
        wanted = criteria.read(name, request.args, section.sort)
        page = current.parts().lists.page(wanted.criteria, current.scope(), current.now())
        current.already_counted(page.counters)
    except Invalid as invalid:
        return refused(section, invalid.errors)
    except BadCursor:
        return refused(section, {"_schema": [_PAGE_GONE]})
    context = _context(section, wanted, page) | {"form": criteria_form.written(wanted)}
    return make_response(render_template("demands/list.html", **context))


def refused(section: Section, errors: Mapping[str, list[str]], typed: Mapping[str, str] | None = None) -> Response:
    """The list again, with what was typed and what is wrong with it."""
    wanted = criteria.nothing(section.name, section.sort)
    form = criteria_form.written(wanted, request.values if typed is None else typed, errors)
    context = _context(section, wanted, Page([], None)) | {"tally": "", "exports": None, "form": form}
    return make_response(render_template("demands/list.html", errors=errors, **context), 422)


def _context(section: Section, wanted: criteria.Wanted, page: Page) -> dict[str, Any]:
    chosen = ticks(wanted, page)
    rows = written(section.name, lines(page.rows), deletions(page.rows), ticked=chosen.ticked)
    reference = wanted.typed["reference"]
    filters = above(section.name)
    return {
        "section": section,
        "wanted": wanted,
        "page": page,
        "rows": rows,
        "ticks": chosen,
        "for_you": _for_you(wanted) if section.name == "untreated" else 0,
        "filters": filters,
        "keepable": bool(set(wanted.shown) - criteria.TYPED) and not any(present for _, _, present in filters),
        "exports": _export_address(section, wanted),
        "tally": _tally(section, wanted, chosen),
        "chips": list(wanted.chips(f"lists.{section.name}")),
        "bare": url_for(f"lists.{section.name}"),
        "sizes": criteria.SIZES,
        "unfindable": "" if rows else _unfindable(wanted.applicant or ""),
        "miscopied": not rows and criteria.is_miscopied(reference),
        "elsewhere": _elsewhere(reference) if not rows else None,
    }


def _for_you(wanted: criteria.Wanted) -> int:
    """How many untreated demands were designated for this agent, while he is not looking at these alone."""
    counters = current.counters()
    return 0 if counters is None or wanted.typed["agent"] else counters.for_you


def _export_address(section: Section, wanted: criteria.Wanted) -> str:
    """The file of the present search, of which the size and place of a page are no part."""
    return url_for("list_export.export", name=section.name, **criteria.in_address(wanted.typed | {"size": None}))


def _tally(section: Section, wanted: criteria.Wanted, chosen: Ticks) -> str:
    """How many demands: the section's own total, or what is known of the results without counting them all."""
    if not wanted.shown:
        return number(getattr(current.counters(), section.name, 0))
    if chosen.number is None or chosen.too_many:
        return f"plus de {number(wanted.typed['size'] if chosen.number is None else chosen.number)} résultats"
    return plural(chosen.number, "résultat") if chosen.number else "aucun résultat"


def _unfindable(applicant: str) -> str:
    """Why what was searched for may well find nothing; nothing to say where it is an ordinary search."""
    if applicant and not any(character.isalnum() for character in applicant):
        return "Il n’y a rien à chercher dans ce qui a été tapé\u00a0: donnez des lettres ou des chiffres, sans * ni %."
    if any(text.startswith("=") and len(text) <= SHORTEST_PREFIX for text in asked([applicant])):
        return (
            "Un mot de moins de trois lettres n’est trouvé que s’il est entier\u00a0: tapez-en trois au moins pour "
            "chercher par le début d’un nom."
        )
    return ""


def _elsewhere(reference: str | None) -> str | None:
    """A demand searched by its reference that this agent may see, though not in this list."""
    if reference is None:
        return None
    try:
        return current.parts().office.dossier(reference, current.agent()).demand.reference
    except UnknownDemand:
        return None
