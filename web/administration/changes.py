"""What somebody changed on a page of administration, each field by its label: kept for him when nothing is saved."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import asdict
from werkzeug.datastructures import MultiDict

from domain.definition import Definition
from domain.drafts import template
from domain.letters import LetterKind
from domain.townhall import Contact, Settings
from web.administration import wording
from web.administration.silence import NONE

Values = tuple[str, ...]
_TICKED: Final = frozenset({"alsace_moselle", "receipt", "reminder_weekdays", "digest_weekdays"})
"""Boxes: none of that name in a form means that none is ticked."""


def changes(endpoint: str, before: object, typed: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Labels and what was typed, for the fields that no longer say what the page showed, in the page's order."""
    labels, shown = wording.FIELDS.get(endpoint, {}), _shown(before)
    return [
        (label, _read(name, _values(typed.getlist(name))))
        for name, label in labels.items()
        if (name in typed or name in _TICKED) and _values(typed.getlist(name)) != _values(shown.get(name, ()))
    ]


def _values(written: Iterable[str]) -> Values:
    """The same for the same text: browsers send other line ends and empty boxes."""
    return tuple(sorted(text for one in written if (text := "\n".join(one.split("\r\n")).strip())))


def _read(name: str, values: Values) -> str:
    """What was typed or chosen, as the page says it."""
    if name in ("alsace_moselle", "receipt"):
        return "coché" if values else "décoché"
    chosen = wording.CHOICES.get(name, {})
    return ", ".join(chosen.get(value, value) for value in values)


def _shown(before: object) -> Mapping[str, Values]:
    """What the page showed, as its form would have sent it back untouched."""
    match before:
        case Settings():
            return _settings(before)
        case Definition():
            return _procedure(before)
        case Contact():
            return {name: _text(value) for name, value in asdict(before).items()}
    return {"label": _text(before)}


def _settings(before: Settings) -> dict[str, Values]:
    shown = {name: _text(value) for name, value in asdict(before).items()}
    shown |= {f"hotline_{name}": _text(value) for name, value in asdict(before.hotline).items()}
    for name, times in (("reminder", before.reminder_times), ("digest", before.digest_times)):
        shown |= {f"{name}_weekdays": tuple(map(str, times.weekdays)), f"{name}_hour": _text(times.hour)}
    return shown | {"expiry_warning_days": (", ".join(map(str, before.expiry_warning_days)),)}


def _procedure(before: Definition) -> dict[str, Values]:
    shown = {name: _text(getattr(before, name)) for name in before.__struct_fields__}
    silence = before.silence
    shown |= {"silence_effect": _text(silence.effect or NONE), "silence_months": _text(silence.months)}
    shown |= {"silence_appeal": _text(silence.appeal or None)}
    for kind in LetterKind:
        letter = template(before, kind)
        shown |= {f"subject_{kind}": _text(letter.subject), f"body_{kind}": _text(letter.body)}
    return shown


def _text(value: object) -> Values:
    if isinstance(value, bool):
        return ("1",) if value else ()
    return () if value is None else (str(value),)
