"""The list and the criteria that a form on many demands carries: what cannot be read is refused, never left out."""

from itertools import chain
from typing import Final
from urllib.parse import parse_qsl

from flask import request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from domain.errors import Invalid
from web import criteria
from web.lists import SECTIONS, Section
from web.security import has_dangerous_characters

CRITERIA: Final = frozenset(criteria.Filters().fields) - {"cursor", "size"}
_PLACE: Final = frozenset({"cursor", "size", "cocher"})
"""Where one is in a list, which says nothing of what is meant."""
_OF_THE_FORM: Final = frozenset(
    {
        *("csrf_token", "author", "command_id", "version", "action", "scope", "references", "section", "criteria"),
        *("expected", "digest", "confirmed", "preview", "outcome", "comment", "decision", "text", "subject", "body"),
        *("note", "event_type", "format", "start", criteria.PURPOSE),
    }
)
_SEARCH: Final = criteria.Search(only=[criteria.PURPOSE])


def section_meant() -> Section | None:
    """The list of the form, by its name or its address; Du service where none is named, None for an unknown one."""
    name = request.form.get("section", "") or "service"
    return SECTIONS.get(name) or next((one for one in SECTIONS.values() if one.address == name), None)


def criteria_meant(action: str) -> MultiDict[str, str]:
    """The criteria as the list's address carries them: from one field of the confirmation, else from their own.

    In a confirmed reassignment ``agent`` alone is who gets the demands.
    """
    packed = request.form.get("criteria")
    if packed is not None:
        return _unpacked(packed)
    typed = MultiDict((name, value) for name in CRITERIA for value in request.form.getlist(name)[:1])
    if action == "reassign" and "confirmed" in request.form and len(request.form.getlist("agent")) == 1:
        typed.pop("agent", None)
    return typed


def search_by_name(typed: MultiDict[str, str]) -> None:
    """Add the name that the form searches for, sealed as the list's own search seals it; raises Invalid."""
    applicant = _SEARCH.load(request.form)[criteria.PURPOSE]
    if applicant:
        typed["cherche"] = criteria.sealed(applicant)


def require_readable(action: str) -> None:
    """Raise Invalid for a criterion that would be left out: more demands would be meant than the agent chose."""
    if unread := sorted(_left_out(action)):
        names = ", ".join(f"« {name[:40]} »" for name in unread[:10])
        said = _("Ces critères ne peuvent pas être lus : %(names)s. Choisissez de nouveau les demandes.", names=names)
        raise Invalid({"criteria": [said]})


def _left_out(action: str) -> set[str]:
    """What no list has; what stands in the address; what stands beside the packed criteria of a confirmation."""
    packed = {name for name, _value in _pairs(request.form.get("criteria", ""))}
    unknown = ({*request.form} - _OF_THE_FORM | packed) - CRITERIA - _PLACE
    beside = CRITERIA & {*request.form} if "criteria" in request.form else frozenset[str]()
    return unknown | beside - ({"agent"} if action == "reassign" else set()) | {*request.args} - _PLACE


def _unpacked(packed: str) -> MultiDict[str, str]:
    typed = [(name, value) for name, value in _pairs(packed) if name in CRITERIA]
    if any(map(has_dangerous_characters, chain.from_iterable(typed))):
        raise Invalid({"criteria": ["Ces critères sont illisibles."]})
    return MultiDict(typed)


def _pairs(packed: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(packed, max_num_fields=len(CRITERIA))
    except ValueError:
        raise Invalid({"criteria": ["Ces critères sont illisibles."]}) from None
