"""What a form says in the town hall's words: which action, on which demand, and what was chosen in it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from domain.errors import UnknownDemand
from domain.references import read_reference
from web import wording
from web.filters import agent_name, plural, term

Typed = Iterable[tuple[str, str]]
_SELECTION: Final = "selection.choose"
_UNSAID: Final = frozenset({"references", "criteria"})
"""Fields of an action that hold several words, none of them typed by anybody."""
_CHOICES: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "outcome": ("Issue", lambda code: term(code, "outcome")),
    "reason": ("Motif", lambda code: term(code, "reason")),
    "event_type": ("Événement", lambda code: term(code, "event_type")),
    "agent": ("Agent", agent_name),
    "decision": ("Courriel", lambda code: wording.DECISIONS.get(code, code)),
    "text": ("Texte du courriel", lambda code: wording.LETTER_TEXTS.get(code, code)),
}


def kept_page(to: str, typed: list[tuple[str, str]]) -> dict[str, Any]:
    """The page that gives a form back: its action by name, what was chosen and typed, and what its button does.

    ``button`` is « send »; « continue » to a page where the action is still to be confirmed; for a closure « review »,
    back to the filled-in confirmation, or « erase » where that page cannot be filled in again.
    """
    endpoint, reference = route(to)
    known = dict(typed)
    many = endpoint == _SELECTION
    closes = endpoint == "closure.close" or (many and known.get("action") == "close")
    button = _button(known, many=many, closes=closes)
    return {
        "to": to,
        "fields": [(name, value) for name, value in typed if not (many and closes and name == "confirmed")],
        "action": _action(endpoint, typed),
        "reference": reference,
        "choices": choices(endpoint, typed),
        "texts": _texts(typed),
        "button": button,
        "focused": button == "continue" or (button == "send" and known.get("decision") != "send"),
    }


def _button(known: Mapping[str, str], *, many: bool, closes: bool) -> str:
    if (many and "confirmed" not in known) or ("preview" in known and "subject" in known):
        return "continue"
    if not closes:
        return "send"
    return "review" if many or "subject" in known else "erase"


def choices(endpoint: str | None, typed: Typed) -> list[tuple[str, str]]:
    """What was chosen in an action’s form, by labels; the last value counts: a list’s criterion may stand before."""
    known = dict(typed)
    if endpoint == _SELECTION:
        if "confirmed" not in known and "preview" not in known:
            return []  # what it holds are the list's criteria
    elif endpoint not in wording.ACTIONS:
        return []
    return [(label, written(known[name])) for name, (label, written) in _CHOICES.items() if known.get(name)]


def is_text(name: str, value: str) -> bool:
    """Whether a field holds words that somebody wrote: short codes are quickly chosen again."""
    return name not in _UNSAID and " " in value.strip()


def _texts(typed: Typed) -> list[tuple[str, str]]:
    """The typed texts, each under its label where it has one."""
    labels = wording.TYPED
    return [
        (labels.get(name, ""), value)
        for name, value in typed
        if value.strip() and (name in labels or is_text(name, value))
    ]


def _action(endpoint: str | None, typed: Typed) -> str:
    """« Clôturer la demande », « Clôturer 12 demandes »; nothing for a form that is not about demands."""
    if endpoint == _SELECTION:
        words = wording.ACTIONS_ON_MANY.get(dict(typed).get("action", ""), "")
        return f"{words} {plural(_number(typed), 'demande')}" if words else ""
    return wording.ACTIONS.get(endpoint or "", "")


def _number(typed: Typed) -> int:
    """How many demands are meant, as the agent was told."""
    known = dict(typed)
    if known.get("scope") == "filter":
        expected = known.get("expected", "")
        return int(expected) if expected.isascii() and expected.isdigit() and len(expected) < len("1000000") else 0
    return len({word for name, value in typed if name == "references" for word in value.split()})


def route(path: str) -> tuple[str | None, str]:
    """Where a form goes, and the reference of the demand in its address."""
    routes = current_app.url_map.bind_to_environ(request.environ)
    try:
        endpoint, found = routes.match(unquote(path), method="POST")
        reference = read_reference(found["reference"]) if "reference" in found else ""
    except (HTTPException, UnknownDemand):
        return None, ""
    return endpoint, reference
