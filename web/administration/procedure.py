"""What administrators decide about one procedure: its delays, its deletion, its silence, its letters."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError, fields, validates_schema
from msgspec.structs import replace

from domain.definition import LONGEST_APPEAL, LONGEST_DELAY_DAYS, Definition
from domain.drafts import template
from domain.errors import Invalid
from domain.letters import VARIABLES, LetterKind
from domain.rights import Role
from web import current, wording
from web.access import allowed
from web.administration.blueprint import administration
from web.administration.letters import previewed, templates_of
from web.administration.silence import EFFECTS, NONE, ChosenSilence, silence_after
from web.administration.wording import CALENDARS
from web.forms import Form, Length, OneOf, Range, rerender
from web.letters import LONGEST_BODY, Subject

KINDS: Final = tuple(LetterKind)


def _delay() -> fields.Integer:
    return fields.Integer(load_default=None, validate=Range(1, LONGEST_DELAY_DAYS))


class Delays(Form):
    """The delays in days, empty for none; an empty reminder period is the town's."""

    take_delay_days = _delay()
    close_delay_days = _delay()
    deletion_delay_days = _delay()
    delay_calendar = fields.String(required=True, validate=OneOf([code for code, _ in CALENDARS]))
    reminder_every_days = _delay()
    receipt = fields.Boolean(load_default=False)


_boxes: dict[str, fields.Field[Any]] = {}
for _kind in KINDS:
    _boxes[f"subject_{_kind}"] = Subject(load_default="")
    _boxes[f"body_{_kind}"] = fields.String(load_default="", validate=Length(max=LONGEST_BODY))


class Letters(Form.from_dict(_boxes)):  # type: ignore[misc]  # a class made of one box a kind
    """The subject and the body of each kind of letter; both empty is Suivi's own template."""

    @validates_schema
    def both_or_none(self, typed: dict[str, str], **_: Any) -> None:
        """A subject alone or a body alone is a mistake."""
        for kind in KINDS:
            subject, body = typed.get(f"subject_{kind}", ""), typed.get(f"body_{kind}", "")
            if bool(subject.strip()) != bool(body.strip()):
                missing = "body" if subject.strip() else "subject"
                raise ValidationError("À renseigner, ou videz l’objet et le message.", f"{missing}_{kind}")


def procedure_page(code: str) -> dict[str, Any]:
    """What the page shows; a form sent again keeps the version that its author saw."""
    directory = current.parts().office.directory
    subject, townhall = directory.procedure(code), directory.townhall()
    definition = subject.definition
    return {
        "definition": definition,
        "version": current.seen_version() or subject.version,
        "town": townhall.settings,
        "contact": townhall.contact_of(definition.service),
        "calendars": CALENDARS,
        "effects": EFFECTS,
        "effect": definition.silence.effect or NONE,
        "longest_appeal": LONGEST_APPEAL,
        "templates": [(kind, wording.LETTERS[kind], template(definition, kind)) for kind in KINDS],
        "variables": VARIABLES,
    }


@administration.get("/demarches/<code>")
@allowed(Role.ADMIN)
def procedure(code: str) -> str:
    """Une démarche."""
    return render_template("administration/procedure.html", **procedure_page(code))


@administration.post("/demarches/<code>")
@allowed(Role.ADMIN)
@rerender("administration/procedure.html", procedure_page)
def change_procedure(code: str) -> ResponseReturnValue:
    """Enregistrer les réglages d’une démarche, or look at one of its letters without saving."""
    subject = current.parts().office.directory.procedure(code)
    changed = changed_by(subject.definition)
    if kind := request.form.get("preview"):
        return _shown(code, preview=(kind, *previewed(changed, kind)))
    if _deletes_sooner(subject.definition, changed) and request.form.get("confirmed") != confirmation(changed):
        return _shown(code, endings=current.parts().endings_under(changed, current.now()), asked=changed)
    seen, same = current.seen_version() or subject.version, changed == subject.definition
    current.parts().office.directory.revise_procedure(current.command(), changed, seen)
    flash("Rien n’a changé." if same else f"La démarche «\u00a0{changed.title}\u00a0» est enregistrée.")
    return redirect(url_for(".procedure", code=code), 303)


def changed_by(definition: Definition) -> Definition:
    """The definition with what was typed; its form and its rights stay; raises Invalid with every fault."""
    errors: dict[str, list[str]] = {}
    typed: dict[str, Any] = {}
    for form in (Delays(), ChosenSilence(), Letters()):
        try:
            typed |= form.load(request.form)
        except Invalid as invalid:
            errors |= invalid.errors
    if errors:
        raise Invalid(errors)
    texts = {kind: (typed.pop(f"subject_{kind}"), typed.pop(f"body_{kind}")) for kind in KINDS}
    chosen = {name: typed.pop(name) for name in ChosenSilence().fields}
    silence = silence_after(definition.silence, chosen)
    changed = replace(definition, templates=templates_of(texts), silence=silence, **typed)
    try:
        changed.check()
    except Invalid as invalid:
        raise Invalid({path.replace("templates.", "body_"): said for path, said in invalid.errors.items()}) from None
    return changed


def confirmation(definition: Definition) -> str:
    """What the « confirmer » button sends back: the deletion that was asked about, and no other."""
    return f"{definition.deletion_delay_days}-{definition.delay_calendar}"


def _deletes_sooner(before: Definition, after: Definition) -> bool:
    """Whether demands may be deleted that were not to be; any new way of counting is asked about."""
    return after.deletion_delay_days is not None and confirmation(before) != confirmation(after)


def _shown(code: str, asked: Definition | None = None, **more: Any) -> str:
    more |= {"confirmation": confirmation(asked), "asked": asked} if asked else {}
    return render_template("administration/procedure.html", typed=request.form, **procedure_page(code), **more)
