"""``suivi procedure``: the town's forms, delays and letters, out to a file and back."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from domain.definition import Definition, Question
from domain.errors import Invalid
from domain.procedure import Procedure
from suivi.compose import Installation
from suivi.opening import by_command_line, opened
from suivi.refusals import CommandRefused
from suivi.sentences import misshapen
from suivi.system_errors import why
from suivi.written import json_text

_BYTE: Final = re.compile(r"\(byte (?P<byte>\d+)\)")
_VERSION: Final = "version"
_KNOWN: Final = frozenset({*Definition.__struct_fields__, _VERSION})
_KNOWN_OF_FIELD: Final = frozenset(Question.__struct_fields__)


@click.group(help="Démarches : formulaires, délais, modèles de courriels.")
def procedure() -> None:
    """The town's procedures."""


@procedure.command(
    "import", help="Ajoute ou révise des démarches (liste JSON) ; rien n’est changé si une seule est fautive."
)
@click.argument("path", metavar="FICHIER", type=click.Path(path_type=Path))
def import_procedures(path: Path) -> None:
    """Judge the whole file first, then put it in force."""
    definitions, faults = _read(path)
    for fault in faults:
        click.echo(f"  {fault}", err=True)
    if faults:
        raise CommandRefused(f"{path.name} : {len(faults)} faute(s), rien n’a été changé. Corrigez-les et recommencez.")
    with opened() as installation:
        done = Counter(_define(installation, definition) for definition in definitions)
    click.echo(f"{done['new']} ajoutée(s), {done['revised']} révisée(s), {done['same']} inchangée(s).")


@procedure.command("export", help="Écrit toutes les démarches en JSON ; le fichier s’importe tel quel.")
def export_procedures() -> None:
    """Everything that is in force, in the order of codes."""
    with opened() as installation:
        codes = sorted(installation.people.procedures())
        procedures = [_written(installation.office.directory.procedure(code)) for code in codes]
    click.echo(json_text(procedures))


def _define(installation: Installation, definition: Definition) -> str:
    known = installation.people.procedures()
    if definition.code in known and installation.office.directory.definition(definition.code) == definition:
        return "same"
    return "new" if installation.office.directory.define_procedure(by_command_line(), definition) else "revised"


def _written(procedure: Procedure) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(procedure.definition)
    fields = [{**field, "required": field.get("required", False)} for field in body.pop("fields")]
    head = {name: body.pop(name) for name in ("code", "title", "service")}
    return {**head, _VERSION: procedure.form_version, "fields": fields, **body}


def _read(path: Path) -> tuple[list[Definition], list[str]]:
    """The definitions of a file, and every fault, each under its definition's code and path."""
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise CommandRefused(f"{path.name} ne peut pas être lu : {why(error)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(f"{path.name} n’est pas du JSON lisible ({_unreadable(error)}).") from error
    if not isinstance(raw, list):
        raise CommandRefused(f"{path.name} doit contenir une liste de démarches, entre crochets.")
    definitions: list[Definition] = []
    faults: list[str] = []
    for number, item in enumerate(raw, start=1):
        name = _name(item, number)
        found = list(_faults(item, definitions))
        faults += [f"{name} : {path} : {what}" if path else f"{name} : {what}" for path, what in found]
    return definitions, faults


def _unreadable(error: Exception) -> str:
    """Why the text is no JSON, and where, as far as the library says."""
    if isinstance(error, RecursionError):
        return "il est trop imbriqué"
    if isinstance(error, UnicodeDecodeError):
        return "il n’est pas en UTF-8"
    found = _BYTE.search(str(error))
    return f"octet {found['byte']}" if found else "il est tronqué"


def _faults(item: Any, definitions: list[Definition]) -> Iterator[tuple[str, str]]:
    """What is wrong with one definition; a sound one joins the others."""
    try:
        definition = msgspec.convert(item, Definition)
    except msgspec.ValidationError as error:
        yield misshapen(error)
        return
    unknown = list(_unknown(item))
    yield from unknown
    try:
        definition.check()
    except Invalid as invalid:
        yield from ((path, " ".join(messages)) for path, messages in invalid.errors.items())
        return
    if any(definition.code == earlier.code for earlier in definitions):
        yield "code", "cette démarche est déjà plus haut dans le fichier"
    elif not unknown:
        definitions.append(definition)


def _unknown(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A misspelt name would silently take its default value."""
    yield from ((name, "ce champ n’existe pas") for name in sorted(item.keys() - _KNOWN))
    for number, field in enumerate(item.get("fields", [])):
        for name in sorted(field.keys() - _KNOWN_OF_FIELD):
            yield f"fields[{number}].{name}", "ce champ n’existe pas"


def _name(item: Any, number: int) -> str:
    code = item.get("code") if isinstance(item, dict) else None
    return code[:40] if isinstance(code, str) and code else f"n° {number}"
