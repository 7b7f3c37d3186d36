"""What a wrong usage of the command line says: one French sentence, and where the command is explained."""

import re
from collections.abc import Iterable
from typing import Final

import click
from click.exceptions import NoArgsIsHelpError

_EXTRA: Final = re.compile(r"Got unexpected extra arguments? \((?P<extra>.*)\)")
_NO_VALUE: Final = "does not take a value"


def show(error: click.ClickException) -> None:
    """Say on stderr what is wrong; a group without a command shows what it offers."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    explained = f" (voir « {context.command_path} --help »)" if context else ""
    click.echo(f"suivi : {_wrong(error).removesuffix('.')}{explained}.", err=True)


def _wrong(error: click.ClickException) -> str:
    match error:
        case click.MissingParameter():
            return f"Il manque {_name(error)}{_among(error.param, ' : ')}"
        case click.BadParameter():
            return f"{_name(error)} : {_among(error.param) or _within(error.param) or error.message}"
        case click.NoSuchOption():
            return f"L’option {error.option_name} n’existe pas{_perhaps(error.possibilities)}"
        case click.BadOptionUsage():
            wants = "ne prend pas de valeur" if _NO_VALUE in error.message else "demande une valeur"
            return f"L’option {error.option_name} {wants}"
    if command := getattr(error, "command_name", None):  # click 8.4 has a class for it
        return f"La commande « {command} » n’existe pas{_perhaps(getattr(error, 'possibilities', None))}"
    extra = _EXTRA.match(error.message)
    return f"Argument en trop : {extra['extra']}" if extra else error.message


def _name(error: click.BadParameter) -> str:
    if error.param is None:
        return error.param_hint if isinstance(error.param_hint, str) else "paramètre"
    return max(error.param.opts, key=len) if isinstance(error.param, click.Option) else error.param.human_readable_name


def _among(parameter: click.Parameter | None, before: str = "") -> str:
    if parameter is None or not isinstance(parameter.type, click.Choice):
        return ""
    return f"{before}choisissez parmi {', '.join(map(str, parameter.type.choices))}"


def _within(parameter: click.Parameter | None) -> str:
    if parameter is None or not isinstance(parameter.type, click.IntRange):
        return ""
    least, most = parameter.type.min, parameter.type.max
    return f"un nombre entier, {least} au moins" if most is None else f"un nombre entier de {least} à {most}"


def _perhaps(names: Iterable[str] | None) -> str:
    return f" ; vouliez-vous dire {' ou '.join(names)} ?" if names else ""
