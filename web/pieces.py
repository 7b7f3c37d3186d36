"""The small pieces that pages repeat a hundred times, written by Python: a macro call costs ten times as much.

All of them take plain values and escape what may hold anything.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from flask import Flask, g, request, url_for
from markupsafe import Markup, escape

from web import current, filters, frame, sessions
from web.tokens import csrf_token

_DATES_KEPT: Final = 16_384
_ICONS_KEPT: Final = 4_096
_LISTS_KEPT: Final = 512
SPRITE: Final = "vendor/bootstrap-icons/bootstrap-icons.svg"
NO_DATE: Final = Markup('<span class="none">–</span>')
NO_DUE: Final = Markup('<span class="none" title="Pas d’échéance">–</span>')


def icon(name: str, label: str | None = None) -> Markup:
    """A picture of the sprite; without a label it says nothing to those who listen."""
    return _icon(frame.asset(SPRITE), name, label)


class Dates:
    """Dates as they are written in one request: in the town's time zone, and seen from now."""

    def __init__(self) -> None:
        parts, self._now = current.parts(), current.now()
        self._zone, self._soon = parts.zone, timedelta(days=frame.townhall().soon_late_days)
        self._today = self._now.astimezone(self._zone).date()
        self._late = f' <span class="late">{icon("exclamation-triangle")} En retard</span>'
        self._near = f' <span class="soon">{icon("clock")} Bientôt</span>'

    def on(self, moment: datetime) -> Markup:
        """A date, with its time on hovering."""
        return _date(moment, self._zone)[0]

    def at(self, moment: datetime) -> Markup:
        """A date and its time."""
        return _instant(moment, self._zone)

    def since(self, moment: datetime) -> Markup:
        """A date, and how long ago it was."""
        written, day = _date(moment, self._zone)
        age = filters.written_age((self._now - moment).total_seconds(), (self._today - day).days)
        return Markup(f'{written} <span class="age">{age}</span>')  # noqa: S704 — our own words

    def due(self, due_at: datetime) -> Markup:
        """A due date, late or soon late in words and with an icon; today with the time from which it is late."""
        written, day = _date(due_at, self._zone)
        if day == self._today:
            written = _hour(due_at, self._zone)
        if due_at < self._now:
            return Markup(f"{written}{self._late}")  # noqa: S704 — our own words
        if due_at - self._now <= self._soon:
            return Markup(f"{written}{self._near}")  # noqa: S704 — our own words
        return written

    def is_late(self, due_at: datetime | None) -> bool:
        """Whether a due date is past."""
        return due_at is not None and due_at < self._now


def dates() -> Dates:
    """The dates of this request."""
    if "dates" not in g:
        g.dates = Dates()
    found: Dates = g.dates
    return found


def when(moment: datetime | None, age: bool = True) -> Markup:  # noqa: FBT001, FBT002 — a template's own words
    """A date with its time on hovering, and how long ago it was; a dash for none."""
    if moment is None:
        return NO_DATE
    return dates().since(moment) if age else dates().on(moment)


def due_on(due_at: datetime | None) -> Markup:
    """A due date, late or soon late in words and with an icon; a dash for none."""
    return NO_DUE if due_at is None else dates().due(due_at)


@lru_cache(64)
def status_badge(status: str) -> Markup:
    """A status in its colour."""
    kind = escape(status.lower().replace("_", "-"))
    return Markup(f'<span class="status status-{kind}">{escape(filters.status_label(status))}</span>')  # noqa: S704


def hidden_fields(version: int | None = None) -> Markup:
    """Of every POST form; ``version``: the demand's, so that a colleague's act in between is noticed."""
    return form_fields().of(version)


class FormFields:
    """The hidden fields of the forms of one request, each with a command id of its own."""

    def __init__(self) -> None:
        self._ids = current.command_ids()
        self._begin = (
            f'<input type="hidden" name="csrf_token" value="{escape(csrf_token())}">'
            f'<input type="hidden" name="author" value="{escape(sessions.author())}">'
            f'<input type="hidden" name="command_id" value="'
        )

    def of(self, version: int | None) -> Markup:
        """Those of one form."""
        seen = "" if version is None else f'<input type="hidden" name="version" value="{version:d}">'
        return Markup(f'{self._begin}{next(self._ids)}">{seen}')  # noqa: S704 — escaped above


def form_fields() -> FormFields:
    """The hidden fields of this request."""
    if "form_fields" not in g:
        g.form_fields = FormFields()
    fields: FormFields = g.form_fields
    return fields


def choices(offered: Sequence[tuple[Any, Any]], shown: Any) -> Markup:
    """The choices of a select box, one of them chosen."""
    return _choices(tuple(offered), str(shown))


class Addresses:
    """Addresses of pages; those that depend on nothing are built once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, endpoint: str, **values: Any) -> str:
        """What Flask's own ``url_for`` gives."""
        if values or endpoint.startswith("."):
            return url_for(endpoint, **values)
        key = (request.script_root, endpoint)
        if key not in self._known:
            self._known[key] = url_for(endpoint)
        return self._known[key]


def install(app: Flask) -> None:
    """Offer these pieces to the templates."""
    pieces: tuple[Callable[..., Any], ...] = (icon, when, due_on, status_badge, hidden_fields, choices)
    app.jinja_env.globals.update({piece.__name__: piece for piece in pieces}, url_for=Addresses())


@lru_cache(_ICONS_KEPT)
def _icon(sprite: str, name: str, label: str | None) -> Markup:
    said = f' role="img" aria-label="{escape(label)}"' if label else ' aria-hidden="true"'
    return Markup(f'<svg class="icon"{said}><use href="{escape(sprite)}#{escape(name)}"></use></svg>')  # noqa: S704


@lru_cache(_DATES_KEPT)
def _date(moment: datetime, zone: tzinfo) -> tuple[Markup, date]:
    local = moment.astimezone(zone)
    return Markup(  # noqa: S704 — digits only
        f'<time datetime="{moment.isoformat()}" title="{local:%d/%m/%Y %H:%M}">{local:%d/%m/%Y}</time>'
    ), local.date()


@lru_cache(_DATES_KEPT)
def _hour(moment: datetime, zone: tzinfo) -> Markup:
    local = moment.astimezone(zone)
    said = f"aujourd’hui à\u00a0{local.hour}\u00a0h\u00a0{local:%M}"
    return Markup(f'<time datetime="{moment.isoformat()}" title="{local:%d/%m/%Y %H:%M}">{said}</time>')  # noqa: S704 — digits only


@lru_cache(_DATES_KEPT)
def _instant(moment: datetime, zone: tzinfo) -> Markup:
    local = moment.astimezone(zone)
    return Markup(f'<time datetime="{moment.isoformat()}">{local:%d/%m/%Y %H:%M}</time>')  # noqa: S704 — digits only


@lru_cache(_LISTS_KEPT)
def _choices(offered: tuple[tuple[Any, Any], ...], shown: str) -> Markup:
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(code, Markup(" selected") if str(code) == shown else "", text)
        for code, text in offered
    )
