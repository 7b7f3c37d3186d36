"""« Mes filtres »: the criteria an agent comes back to, kept under a name of his own; a citizen's name never is."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, flash, g, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError, fields
from werkzeug import Response

from domain.errors import Invalid
from domain.rights import WORKS_ON_DEMANDS
from store.named_filters import MOST, NamedFilter, NameTaken, TooManyFilters, read_kept
from web import criteria, current
from web.access import allowed
from web.forms import Form, Length, OneOf
from web.frame import SECTIONS

named_filters = Blueprint("named_filters", __name__)
LONGEST_NAME: Final = 40
_NEVER_KEPT: Final = criteria.TYPED | {"cherche"}
_PERSONAL: Final = re.compile(r"@|\d{6}")


def _nothing_personal(name: str) -> None:
    if _PERSONAL.search(name):
        raise ValidationError("Pas d’adresse électronique ni de numéro dans un nom de filtre.")


class FilterName(fields.String):
    """A name such as « Cantine, en retard »; it is kept in clear, so no address and no telephone hide in it."""

    def __init__(self) -> None:
        super().__init__(required=True, validate=[Length(max=LONGEST_NAME), _nothing_personal])


class Kept(criteria.Filters):
    """The criteria of a list, with the name to keep them under; ``replaces`` confirms which filter may go."""

    name = FilterName()
    section = fields.String(required=True, validate=OneOf(SECTIONS))
    replaces = fields.String(load_default=None)


class Renamed(Form):
    """Another name."""

    name = FilterName()


def above(section: str) -> list[tuple[str, str, bool]]:
    """What stands above a list: the name of each filter of this section, its address, whether it is the present one."""
    mine = read_kept(g.get("kept_filters"))
    present = _comparable(request.args)
    return [(one.name, address_of(one), _comparable(one.criteria) == present) for one in mine if one.section == section]


def address_of(one: NamedFilter) -> str:
    """The list under these criteria."""
    criteria_of: dict[str, Any] = dict(one.criteria)
    return url_for(f"lists.{one.section}", **criteria_of)


@named_filters.get("/filtres")
@allowed(*WORKS_ON_DEMANDS)
def show() -> Response:
    """Mes filtres."""
    return _page()


@named_filters.post("/filtres")
@allowed(*WORKS_ON_DEMANDS)
def keep() -> Response:
    """Enregistrer ces critères; another filter of that name is replaced only once that is confirmed."""
    try:
        typed = Kept().load(request.form)
        section, name, confirmed = typed.pop("section"), _one_line(typed.pop("name")), typed.pop("replaces")
        chosen = _to_keep(typed)
        if (other := _other(section, name, chosen)) and str(other.number) != confirmed:
            return _asked(other, chosen)
        new = current.parts().named_filters.keep(current.agent().code, section, name, chosen)
    except Invalid as invalid:
        return _page(invalid.errors, status=422)
    except TooManyFilters:
        return _page({"_schema": [f"Vous avez déjà {MOST} filtres\u00a0: supprimez-en un d’abord."]}, status=422)
    flash(f"Le filtre «\u00a0{name}\u00a0» est {'enregistré' if new or not other else 'remplacé'}.")
    return redirect(url_for(f"lists.{section}", **chosen), 303)


@named_filters.post("/filtres/<number>")
@allowed(*WORKS_ON_DEMANDS)
def rename(number: str) -> Response:
    """Renommer."""
    mine = _mine(number)
    try:
        name = _one_line(Renamed().load(request.form)["name"])
        current.parts().named_filters.rename(current.agent().code, mine, name)
    except Invalid as invalid:
        return _page(invalid.errors, renamed=mine, status=422)
    except NameTaken:
        return _page({"name": ["Un autre de vos filtres a ce nom."]}, renamed=mine, status=422)
    flash(f"Le filtre s’appelle «\u00a0{name}\u00a0».")
    return redirect(url_for(".show"), 303)


@named_filters.post("/filtres/<number>/suppression")
@allowed(*WORKS_ON_DEMANDS)
def forget(number: str) -> Response:
    """Supprimer."""
    current.parts().named_filters.forget(current.agent().code, _mine(number))
    flash("Le filtre est supprimé.")
    return redirect(url_for(".show"), 303)


def _asked(other: NamedFilter, chosen: Mapping[str, str]) -> Response:
    """What would be replaced, by what, and the other ways out; nothing is kept yet."""
    wanted = NamedFilter(other.number, other.section, other.name, chosen)
    question = {
        "section": SECTIONS[other.section][1],
        "name": other.name,
        "number": other.number,
        "before": _said(other),
        "after": _said(wanted),
        "back": address_of(wanted),
        "fields": _unkept(),
    }
    return _page(question=question)


def _other(section: str, name: str, chosen: Mapping[str, str]) -> NamedFilter | None:
    """The agent's filter of that name, if other criteria would be lost with it."""
    mine = current.parts().named_filters.of(current.agent().code)
    return next(
        (one for one in mine if (one.section, one.name) == (section, name) and dict(one.criteria) != chosen), None
    )


def _page(
    errors: dict[str, list[str]] | None = None,
    renamed: int | None = None,
    status: int = 200,
    question: Mapping[str, Any] | None = None,
) -> Response:
    mine = current.parts().named_filters.of(current.agent().code)
    groups = [
        (label, [(one, address_of(one), _said(one)) for one in mine if one.section == section])
        for section, (_, label) in SECTIONS.items()
    ]
    shown: dict[str, Any] = {"groups": [group for group in groups if group[1]], "errors": errors, "renamed": renamed}
    shown |= {"typed": request.form, "longest": LONGEST_NAME, "unkept": _unkept() if errors and not renamed else ()}
    shown["question"] = question
    return make_response(render_template("filters.html", **shown), status)


def _to_keep(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The criteria that are chosen, never what was typed of a citizen; raises Invalid when none is left."""
    chosen = {key: value for key, value in criteria.in_address(typed).items() if key not in _NEVER_KEPT}
    if not set(chosen) & set(criteria.CHIPS):
        raise Invalid({"_schema": ["Il n’y a pas de critère à garder\u00a0: choisissez-en d’abord dans la liste."]})
    return chosen


def _unkept() -> list[tuple[str, str]]:
    """The criteria of a filter that was refused, to be sent again under another name."""
    names = ("section", "sort", *criteria.CHIPS)
    return [(name, request.form[name]) for name in names if name not in _NEVER_KEPT and request.form.get(name)]


def _said(one: NamedFilter) -> str:
    """The criteria in words."""
    try:
        wanted = criteria.read(one.section, one.criteria, "received")
    except Invalid:
        return ""
    return ", ".join(f"{label} {value}".strip() for label, value, _ in wanted.chips(f"lists.{one.section}"))


def _comparable(typed: Any) -> dict[str, str]:
    """The criteria alone: neither order, size nor place tell filters apart."""
    return {name: typed[name] for name in criteria.CHIPS if typed.get(name)} | (
        {"cherche": typed["cherche"]} if typed.get("cherche") else {}
    )


def _mine(number: str) -> int:
    """The filter of that number, which is this agent's own; anything else does not exist."""
    mine = {str(one.number): one.number for one in current.parts().named_filters.of(current.agent().code)}
    if number not in mine:
        abort(404, "Ce filtre n’existe pas, ou n’est pas à vous.")
    return mine[number]


def _one_line(name: str) -> str:
    return " ".join(name.split())
