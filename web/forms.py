"""Forms of the pages: marshmallow with French messages, blank texts taken as absent, dangerous characters refused."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, NoReturn, TypeVar

from flask import Response, make_response, render_template, request
from marshmallow import Schema, ValidationError, fields, pre_load, validate
from werkzeug.datastructures import MultiDict

from domain.errors import Invalid, UnknownCode
from web.directions import without_directions

View = TypeVar("View", bound=Callable[..., Any])
FRENCH: Final = {
    "required": "À renseigner.",
    "null": "À renseigner.",
    "validator_failed": "Cette valeur ne convient pas.",
    "invalid": "Cette valeur ne convient pas.",
    "invalid_utf8": "Ce texte est illisible.",
    "too_large": "Ce nombre est trop grand.",
    "unknown": "Champ inconnu.",
    "type": "La forme de cette valeur ne convient pas.",
}
FRENCH_BY_FIELD: Final[Mapping[type[fields.Field[Any]], Mapping[str, str]]] = {
    fields.String: {"invalid": "Un texte est attendu."},
    fields.Integer: {"invalid": "Un nombre entier est attendu."},
    fields.Number: {"invalid": "Un nombre est attendu.", "special": "Un nombre est attendu."},
    fields.Boolean: {"invalid": "Répondez par oui ou par non."},
    fields.Email: {"invalid": "Cette adresse électronique ne convient pas\u00a0: nom@exemple.fr."},
    fields.Date: dict.fromkeys(("invalid", "format", "invalid_awareness"), "Une date est attendue."),
    fields.DateTime: dict.fromkeys(("invalid", "format", "invalid_awareness"), "Une date et une heure sont attendues."),
    fields.List: {"invalid": "Une liste est attendue."},
    fields.Nested: {"type": "Un objet est attendu."},
    fields.UUID: {"invalid_uuid": "Cet identifiant ne convient pas."},
    fields.Dict: {"invalid": "Un objet est attendu."},
}


class Length(validate.Length):
    """How long a text or a list may be."""

    message_min = "Au moins {min} caractères."
    message_max = "Au plus {max} caractères."
    message_all = "De {min} à {max} caractères."
    message_equal = "Exactement {equal} caractères."


class Range(validate.Range):
    """Between which bounds a number lies; the library formats these once before it fills in the bounds."""

    message_min = "La plus petite valeur est {{min}}."
    message_max = "La plus grande valeur est {{max}}."
    message_all = "De {{min}} à {{max}}."


class OneOf(validate.OneOf):
    """One of the values offered."""

    default_message = "Choisissez une des valeurs proposées."


class Regexp(validate.Regexp):
    """A text of a given shape."""

    default_message = "La forme de ce texte ne convient pas."


class Email(validate.Email):
    """An e-mail address."""

    default_message = "Cette adresse électronique ne convient pas\u00a0: nom@exemple.fr."


class FrenchSchema(Schema):
    """A schema whose messages are in French; marshmallow has no translations, so each field gets its own."""

    error_messages = {"type": FRENCH["type"], "unknown": FRENCH["unknown"]}  # noqa: RUF012 — the library declares it so

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Replace the library's own English sentences, never those a schema wrote for itself."""
        super().on_bind_field(field_name, field_obj)
        translate(field_obj)


class Form(FrenchSchema):
    """A form of a page: only its own fields are read, and ``load`` raises Invalid with French messages.

    A blank text is absent, unless the field says ``metadata={"keep_blank": True}``.
    """

    @pre_load
    def keep_known(self, typed: Any, **_: Any) -> dict[str, Any]:
        """Drop what is no field of this form (csrf_token, version, command_id) and unify line ends."""
        read = {name: _read(typed, field.data_key or name, field) for name, field in self.load_fields.items()}
        return {
            self.load_fields[name].data_key or name: value
            for name, value in read.items()
            if value is not None and (not _blank(value) or self.load_fields[name].metadata.get("keep_blank"))
        }

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> NoReturn:
        """Faults leave as the town hall's own error, under dotted paths."""
        raise Invalid(flattened(error.messages)) from None


def translate(field: fields.Field[Any]) -> None:
    """Put a field's messages, and those of the fields within, in French."""
    library: dict[str, str] = {}
    french = dict(FRENCH)
    for kind in reversed(type(field).__mro__):
        library |= getattr(kind, "default_error_messages", {})
        french |= FRENCH_BY_FIELD.get(kind, {})
    for key, sentence in field.error_messages.items():
        if sentence == library.get(key) and key in french:
            field.error_messages[key] = french[key]
    for validator in field.validators:
        if type(validator) is validate.Email:
            validator.error = FRENCH_BY_FIELD[fields.Email]["invalid"]
    inner = getattr(field, "inner", None)
    if isinstance(inner, fields.Field):
        translate(inner)


def flattened(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Nested messages under dotted paths: ``applicant.last_name``; faults of a whole form under ``_schema``."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for name, nested in messages.items():
            for inner_path, sentences in flattened(nested, f"{path}.{name}" if path else str(name)).items():
                found.setdefault(inner_path.removesuffix("._schema"), []).extend(sentences)
        return found
    return {path or "_schema": [str(sentence) for sentence in messages]}


def rerender(
    template: str, context: Callable[..., Mapping[str, Any]], **fixed: Any
) -> Callable[[View], Callable[..., Any]]:
    """Show the same page again, status 422, with what was typed (``typed``) and each field's messages (``errors``).

    ``context`` gets the view's own arguments; ``fixed`` are constants for the template.
    """

    def decorate(view: View) -> Callable[..., Any]:
        @wraps(view)
        def with_form(*args: Any, **kwargs: Any) -> Any:
            try:
                return view(*args, **kwargs)
            except Invalid as invalid:
                errors = invalid.errors
            except UnknownCode as unknown:
                errors = field_errors(unknown, request.form)
            return again(template, errors, **fixed, **context(*args, **kwargs))

        return with_form

    return decorate


def again(template: str, errors: Mapping[str, list[str]], **context: Any) -> Response:
    """A page with what was typed and what is wrong with it."""
    return make_response(render_template(template, typed=request.form, errors=errors, **context), 422)


def field_errors(unknown: UnknownCode, typed: MultiDict[str, str]) -> dict[str, list[str]]:
    """A code the town does not offer, under the name of the field that carried it."""
    names = [name for name, value in typed.items() if value == unknown.name] or ["_schema"]
    return {name: [OneOf.default_message] for name in names}


def _read(typed: Any, name: str, field: fields.Field[Any]) -> Any:
    if not isinstance(typed, MultiDict):
        value = typed.get(name)
    elif isinstance(field, fields.List):
        value = typed.getlist(name) or None
    else:
        value = typed.get(name)
    if not isinstance(value, str):
        return value
    return without_directions(value).replace("\r\n", "\n").replace("\r", "\n")


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


__all__ = [
    "Email",
    "Form",
    "FrenchSchema",
    "Length",
    "OneOf",
    "Range",
    "Regexp",
    "again",
    "fields",
    "flattened",
    "rerender",
    "translate",
]
