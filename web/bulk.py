"""The forms of what is done to many demands at once: what each action asks, and what becomes of it."""

from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from marshmallow import fields
from werkzeug.datastructures import MultiDict

from domain.bulk import Action, Asked, closing_letter
from domain.definition import Definition
from domain.drafts import DEFAULTS, template
from domain.errors import Invalid
from domain.letters import VARIABLES, LetterKind, Template
from web import current, people, wording
from web.actions import AddedEvent, Reassignment
from web.closure import Closing, ClosingLetter
from web.demands import opened
from web.forms import Form, OneOf
from web.letters import refuse_braces
from web.selected import Selected

OWN, COMMON = "own", "common"
BRACES_WITHOUT_VARIABLE: Final = (
    "Rien ne remplacera {}\u00a0: prenez une des variables proposées, ou retirez ces accolades."
)


class Decision(Form):
    """Whether letters leave, and where procedures have different texts, which one."""

    decision = fields.String(required=True, validate=OneOf(["send", "none"]))
    text = fields.String(load_default=None, validate=OneOf([OWN, COMMON]))


def asked(action: Action, selection: Selected) -> Asked:
    """What the agent wants; raises Invalid or UnknownCode."""
    match action:
        case Action.CLOSE:
            return _closing(selection)
        case Action.REASSIGN:
            return _reassigning(selection)
        case Action.ADD_EVENT:
            event = AddedEvent().load(request.form)
            current.parts().office.directory.townhall().require("event_type", event["event_type"])
            return Asked(**event)


def context(action: Action, selection: Selected) -> dict[str, Any]:
    """What the form of an action offers."""
    match action:
        case Action.CLOSE:
            return _closing_context(selection)
        case Action.REASSIGN:
            return {"owners": others(selection)}
        case Action.ADD_EVENT:
            return {"event_types": people.terms("event_type")}


def preview(selection: Selected) -> dict[str, Any]:
    """The letter as the first citizen with an address would get it; looking at it is noted."""
    row = next(row for row in selection.rows if row.has_email)
    office, author = current.parts().office, current.agent()
    dossier = opened(row.reference, "closure")
    closing = _closing(selection, told=True)
    subject, body = closing_letter(office, dossier.demand, dossier.applicant, closing, author.name)
    return {"subject": subject, "body": body, "applicant": dossier.applicant}


def owners(selection: Selected) -> list[tuple[str, str]]:
    """The active agents who may own every one of the demands, by name."""
    procedures = {row.procedure for row in selection.rows}
    definitions = [people.definitions()[code] for code in procedures if code in people.definitions()]
    able = [people.owners(definition) for definition in definitions]
    return reduce(lambda some, others: [one for one in some if one in others], able) if able else []


def others(selection: Selected) -> list[tuple[str, str]]:
    """Whom these demands may be given to: nobody who has all of them already."""
    holders = {row.agent for row in selection.rows}
    return [(code, name) for code, name in owners(selection) if holders != {code}]


def _closing(selection: Selected, *, told: bool = False) -> Asked:
    answers = Closing().load(request.form)
    current.parts().office.directory.townhall().require("outcome", answers["outcome"])
    if not any(row.has_email for row in selection.rows):
        return Asked(**answers)
    if not told and Decision().load(request.form)["decision"] == "none":
        return Asked(**answers)
    return Asked(**answers, letter=True, template=_common_text(selection))


def _common_text(selection: Selected) -> Template | None:
    """The text that was typed for all; None where each procedure's own is wanted."""
    if not {"subject", "body"} & set(request.form):
        return None
    usual = _usual(selection)
    if request.form.get("text") == OWN:
        _require_untouched(usual)
        return None
    typed = ClosingLetter().load(request.form)
    text = Template(typed["subject"] or usual.subject, typed["body"] or usual.body)
    written = {"subject": text.subject, "body": text.body}
    refuse_braces(written, (usual.subject, usual.body), VARIABLES, BRACES_WITHOUT_VARIABLE)
    return text


def _require_untouched(usual: Template) -> None:
    """Who changes the text for all while each procedure's own is chosen would not see his words leave."""
    for name, shown in (("subject", usual.subject), ("body", usual.body)):
        typed = request.form.get(name, "")
        if typed.strip() and typed.split() != shown.split():
            said = _(
                "Vous avez changé le texte\u00a0: choisissez «\u00a0Le même texte pour tous\u00a0», "
                "ou remettez-le comme il était."
            )
            raise Invalid({"text": [said]})


def _closing_context(selection: Selected) -> dict[str, Any]:
    told = sum(row.has_email for row in selection.rows)
    usual = _usual(selection)
    return {
        "outcomes": people.terms("outcome"),
        "categories": list(wording.CATEGORIES.values()),
        "told": told,
        "untold": len(selection.rows) - told,
        "several": len(_texts(selection)) > 1,
        "subject": usual.subject,
        "body": usual.body,
        "variables": {f"{{{name}}}": meaning for name, meaning in VARIABLES.items()},
    }


def _texts(selection: Selected) -> list[Template]:
    """The different closing letters of the procedures whose citizens are told."""
    directory = current.parts().office.directory
    codes = dict.fromkeys(row.procedure for row in selection.rows if row.has_email)
    found: list[Template] = []
    for code in codes:
        definition: Definition = directory.definition(code)
        if (text := template(definition, LetterKind.CLOSURE)) not in found:
            found.append(text)
    return found


def _usual(selection: Selected) -> Template:
    texts = _texts(selection)
    return texts[0] if len(texts) == 1 else DEFAULTS[LetterKind.CLOSURE]


def _reassigning(selection: Selected) -> Asked:
    """The agent's field stands last where the list's criterion of that name stands before it."""
    typed: MultiDict[str, str] = MultiDict(request.form.items(multi=True))
    typed["agent"] = (request.form.getlist("agent") or [""])[-1]
    answers: Mapping[str, Any] = Reassignment().load(typed)
    if selection.rows and answers["agent"] not in dict(owners(selection)):
        raise Invalid({"agent": [_("Choisissez un agent actif qui a des droits sur toutes ces démarches.")]})
    return Asked(**answers)
