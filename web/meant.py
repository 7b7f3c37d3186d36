"""The list and the criteria that a form on many demands carries: what cannot be read is refused, never left out."""

from collections.abc import Iterable
from itertools import chain
from typing import Final
from urllib.parse import parse_qsl, quote_plus, urlencode

from flask import g, request
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
_UNREADABLE: Final = "Ces critères sont illisibles."
CHOICE: Final = "choix"
_LONGEST_CHOICE: Final = 6_000
"""Some 280 references: usual proxies take addresses of 8,000 characters, and a login writes this one inside another."""
_SHOWN_AGAIN: Final = frozenset({"action", "scope", "references", "section", "criteria", "expected", "digest"})


def sent() -> MultiDict[str, str]:
    """The fields of the form, or those of an address that shows a choice again."""
    fields: MultiDict[str, str] = g.get("choice", request.form)
    return fields


def shown_again(fields: Iterable[tuple[str, str]]) -> str | None:
    """A choice as an address carries it: references and criteria; None where it is too long for one."""
    packed = urlencode(list(fields))
    return packed if len(quote_plus(packed)) <= _LONGEST_CHOICE else None


def take_choice(packed: str) -> None:
    """Show what an address means as the form that was sent first; raises Invalid."""
    typed = [(name, value) for name, value in _pairs(packed) if name in _SHOWN_AGAIN]
    if any(has_dangerous_characters(value) for _, value in typed):
        raise Invalid({"criteria": [_UNREADABLE]})
    g.choice = MultiDict(typed)


def section_meant() -> Section | None:
    """The list of the form, by its name or its address; Du service where none is named, None for an unknown one."""
    name = sent().get("section", "") or "service"
    return SECTIONS.get(name) or next((one for one in SECTIONS.values() if one.address == name), None)


def criteria_meant(action: str) -> MultiDict[str, str]:
    """The criteria as the list's address carries them: from one field of the confirmation, else from their own.

    In a confirmed reassignment ``agent`` alone is who gets the demands.
    """
    packed = sent().get("criteria")
    if packed is not None:
        return _unpacked(packed)
    typed = MultiDict((name, value) for name in CRITERIA for value in sent().getlist(name)[:1])
    if action == "reassign" and "confirmed" in sent() and len(sent().getlist("agent")) == 1:
        typed.pop("agent", None)
    return typed


def search_by_name(typed: MultiDict[str, str]) -> None:
    """Add the name that the form searches for, sealed as the list's own search seals it; raises Invalid."""
    applicant = _SEARCH.load(sent())[criteria.PURPOSE]
    if applicant:
        typed["cherche"] = criteria.sealed(applicant)


def require_readable(action: str) -> None:
    """Raise Invalid for a criterion that would be left out: more demands would be meant than the agent chose."""
    if unread := sorted(_left_out(action)):
        names = ", ".join(f"«\u00a0{name[:40]}\u00a0»" for name in unread[:10])
        said = _("Ces critères ne peuvent pas être lus\u00a0: %(names)s.", names=names)
        raise Invalid({"criteria": [said, _("Choisissez de nouveau les demandes.")]})


def _left_out(action: str) -> set[str]:
    """What no list has; what stands in the address; what stands beside the packed criteria of a confirmation."""
    packed = {name for name, _value in _pairs(sent().get("criteria", ""))}
    unknown = ({*sent()} - _OF_THE_FORM | packed) - CRITERIA - _PLACE
    beside = CRITERIA & {*sent()} if "criteria" in sent() else frozenset[str]()
    return unknown | beside - ({"agent"} if action == "reassign" else set()) | {*request.args} - _PLACE - {CHOICE}


def _unpacked(packed: str) -> MultiDict[str, str]:
    typed = [(name, value) for name, value in _pairs(packed) if name in CRITERIA]
    if any(map(has_dangerous_characters, chain.from_iterable(typed))):
        raise Invalid({"criteria": [_UNREADABLE]})
    return MultiDict(typed)


def _pairs(packed: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(packed, max_num_fields=len(CRITERIA))
    except ValueError:
        raise Invalid({"criteria": [_UNREADABLE]}) from None
