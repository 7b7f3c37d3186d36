"""What the town decides for itself: its name, its hotline, its calendar, the rhythm of reminders, its thresholds."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from marshmallow import ValidationError, fields
from msgspec.structs import replace
from werkzeug import Response

from domain.rights import Role
from domain.timetable import Timetable
from domain.townhall import LONGEST_DAYS, LONGEST_NAME, MOST_DAYS, MOST_MAILS, MOST_WARNINGS, Contact, Settings
from web import current
from web.access import allowed
from web.administration.blueprint import administration
from web.administration.wording import HOURS, WEEKDAYS
from web.forms import Email, Form, Length, OneOf, Range, rerender

HOTLINE: Final = ("address", "email", "phone", "fax")
LONGEST_LINE: Final = 200


class DaysBefore(fields.Field[tuple[int, ...]]):
    """Numbers of days in one box, « 30, 7 »; the largest first, each once."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[int, ...]:
        try:
            days = {int(word) for word in str(value).replace(",", " ").replace(";", " ").split()}
        except ValueError:
            days = {0}
        if len(days) > MOST_WARNINGS or not all(1 <= day <= MOST_DAYS for day in days):
            raise ValidationError(f"{MOST_WARNINGS} nombres au plus, de 1 à {MOST_DAYS}\u00a0: «\u00a030, 7\u00a0».")
        return tuple(sorted(days, reverse=True))


class Weekdays(fields.List[int]):
    """The days that are ticked, at least one."""

    def __init__(self) -> None:
        ticked: dict[str, Any] = {"required": "Cochez au moins un jour."}
        super().__init__(fields.Integer(validate=OneOf([n for n, _ in WEEKDAYS])), required=True, error_messages=ticked)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> list[int | None]:
        try:
            return super()._deserialize(value, attr, data, **more)
        except ValidationError as error:  # one sentence for the box rather than one a day
            raise ValidationError(OneOf.default_message) from error


def _days(most: int, least: int = 0) -> fields.Integer:
    return fields.Integer(required=True, validate=Range(least, most))


class TownSettings(Form):
    """The form of the town's settings; an emptied box of the hotline means that there is none."""

    name = fields.String(required=True, validate=Length(max=LONGEST_NAME))
    hotline_address = fields.String(load_default="", validate=Length(max=LONGEST_LINE))
    hotline_email = fields.String(load_default="", validate=[Length(max=LONGEST_LINE), Email()])
    hotline_phone = fields.String(load_default="", validate=Length(max=LONGEST_LINE))
    hotline_fax = fields.String(load_default="", validate=Length(max=LONGEST_LINE))
    alsace_moselle = fields.Boolean(load_default=False)
    reminder_every_days = _days(MOST_DAYS, 1)
    reminder_weekdays = Weekdays()
    reminder_hour = fields.Integer(required=True, validate=OneOf(range(24)))
    digest_weekdays = Weekdays()
    digest_hour = fields.Integer(required=True, validate=OneOf(range(24)))
    expiry_warning_days = DaysBefore(load_default=())
    soon_late_days = _days(LONGEST_DAYS)
    archive_after_days = _days(LONGEST_DAYS)
    mails_per_minute = _days(MOST_MAILS)


def settings_page() -> dict[str, Any]:
    """What the page shows: the settings in force, and their version."""
    townhall = current.parts().office.directory.townhall()
    return {
        "settings": townhall.settings,
        "version": current.seen_version() or townhall.version,
        "weekdays": WEEKDAYS,
        "hours": HOURS,
    }


@administration.get("/reglages")
@allowed(Role.ADMIN)
def settings() -> str:
    """Les réglages de la commune."""
    return render_template("administration/settings.html", **settings_page())


@administration.post("/reglages")
@allowed(Role.ADMIN)
@rerender("administration/settings.html", settings_page)
def change_settings() -> Response:
    """Enregistrer les réglages."""
    typed = TownSettings().load(request.form)
    directory = current.parts().office.directory
    before = directory.townhall()
    seen, same = current.seen_version() or before.version, changed_by(before.settings, typed) == before.settings
    directory.change_settings(current.command(), lambda settings: changed_by(settings, typed), seen)
    flash("Rien n’a changé." if same else "Les réglages sont enregistrés\u00a0; ils valent dès maintenant.")
    return redirect(url_for(".settings"), 303)


def changed_by(settings: Settings, typed: dict[str, Any]) -> Settings:
    """The settings with what was typed; what the form does not show stays."""
    asked = dict(typed)
    contact = Contact(**{name: asked.pop(f"hotline_{name}") for name in HOTLINE})
    times = {
        f"{name}_times": Timetable(tuple(sorted(set(asked.pop(f"{name}_weekdays")))), asked.pop(f"{name}_hour"))
        for name in ("reminder", "digest")
    }
    return replace(settings, hotline=contact, **times, **asked)
