"""``suivi agent``: who works here, with which rights; the password is always chosen by the agent or typed on stdin."""

import re
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from domain.errors import AlreadyExists, UnknownProcedure
from domain.rights import Rights, Role
from store.passwords import faults
from suivi.compose import Installation
from suivi.links import new_link
from suivi.opening import acting, by_command_line, opened
from suivi.posting import letter_given
from suivi.refusals import CommandRefused
from suivi.sentences import listed
from suivi.written import json_text, table

_EMAIL: Final = re.compile(r"[^@\s,;<>()\[\]\\\"\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,185}\.[A-Za-z0-9-]{2,63}")
_PORT: Final = 8000
_LONGEST_LINE: Final = 1_000
_role = click.option(
    "--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]), help="Rôle ; à répéter."
)
_service = click.option(
    "--service", "services", multiple=True, metavar="S", help="Service dont il est membre ; à répéter."
)
_procedure = click.option(
    "--procedure",
    "procedures",
    multiple=True,
    metavar="P",
    help="Démarche qu’il traite (aucune : toutes celles du service).",
)


def _address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _EMAIL.fullmatch(value):
        raise click.BadParameter("une seule adresse électronique, comme nom@mairie.example.")
    return value


@click.group(help="Agents de la mairie : comptes et droits.")
def agent() -> None:
    """Accounts and rights."""


@agent.command(help="Crée un agent ; affiche et lui envoie le lien, valable une fois, où il choisit son mot de passe.")
@click.argument("code")
@click.option("--name", required=True, help="Nom affiché, gardé dans l’historique.")
@click.option("--email", required=True, callback=_address, help="Adresse où il reçoit les courriels de Suivi.")
@_role
@_service
@_procedure
def create(code: str, name: str, email: str, **lists: tuple[str, ...]) -> None:
    """Let a person join; without a role he is an agent."""
    with acting() as installation:
        rights = _rights(installation, Rights(frozenset({Role.AGENT})), lists)
        _register(installation, code, name, rights)
        installation.credentials.set_email(code, email)
        _give_link(installation, code)
    _warn_if_idle(code, rights)


@agent.command(
    "set-password", help="Fixe le mot de passe, lu sur la première ligne de l’entrée standard ; active l’agent."
)
@click.argument("code")
def set_password(code: str) -> None:
    """Set a password without a link; the agent's open sessions end."""
    with acting() as installation:
        owner = installation.office.directory.agent(code)
        password = _typed_password()
        if sentences := faults(password, owner.code, owner.name):
            raise CommandRefused(f"Mot de passe refusé. {' '.join(sentences)}")
        installation.office.directory.activate_agent(by_command_line(), code, active=True)
        installation.credentials.set_password(code, password, installation.clock())
        installation.sessions.close_all(code)


@agent.command("list", help="Liste les agents.")
@click.option("--json", "as_json", is_flag=True, help="Écrit la liste en JSON.")
def list_agents(*, as_json: bool) -> None:
    """Everybody, active or not."""
    with opened() as installation:
        people = _people(installation)
    if as_json:
        click.echo(json_text(people))
        return
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "Code": lambda a: str(a["code"]),
        "Nom": lambda a: str(a["name"]),
        "Actif": lambda a: "oui" if a["active"] else "non",
        "Rôles": lambda a: ", ".join(a["roles"]),
        "Services": lambda a: ", ".join(a["services"]),
        "Démarches": lambda a: ", ".join(a["procedures"]),
        "Courriel": lambda a: str(a["email"] or ""),
    }
    rows = [[column(person) for column in columns.values()] for person in people]
    for line in table(list(columns), rows, left=len(columns)):
        click.echo(line)


@agent.command(help="Retire l’accès à un agent, sessions ouvertes comprises ; son nom reste dans l’historique.")
@click.argument("code")
def deactivate(code: str) -> None:
    """He is out at once."""
    with acting() as installation:
        installation.office.directory.activate_agent(by_command_line(), code, active=False)
        installation.sessions.close_all(code)
        installation.activations.end(code)


@agent.command(help="Rend l’accès à un agent.")
@click.argument("code")
def activate(code: str) -> None:
    """He may log in again."""
    with acting() as installation:
        installation.office.directory.activate_agent(by_command_line(), code, active=True)


@agent.command("resend-link", help="Affiche un nouveau lien et l’envoie à l’agent ; le précédent ne sert plus.")
@click.argument("code")
@click.option("--email", callback=_address, help="Change aussi l’adresse électronique de l’agent.")
def resend_link(code: str, email: str | None) -> None:
    """Another link, for a first login or a forgotten password."""
    with acting() as installation:
        if not installation.office.directory.agent(code).active:
            raise CommandRefused(f"L’agent {code} est inactif : lancez d’abord « suivi agent activate {code} ».")
        if email is not None:
            installation.credentials.set_email(code, email)
        _give_link(installation, code)


@agent.command(help="Change les droits : une option donnée remplace sa liste (vide : ''), les autres listes restent.")
@click.argument("code")
@_role
@_service
@_procedure
def rights(code: str, **lists: tuple[str, ...]) -> None:
    """Give other roles, services or procedures."""
    if not any(lists.values()):
        raise click.UsageError("Donnez --role, --service ou --procedure.")
    with acting() as installation:
        wanted = _rights(installation, installation.office.directory.agent(code).rights, lists)
        installation.office.directory.change_rights(by_command_line(), code, wanted)
    _warn_if_idle(code, wanted)


def _rights(installation: Installation, before: Rights, lists: dict[str, tuple[str, ...]]) -> Rights:
    given = {name: frozenset(filter(None, values)) for name, values in lists.items() if values}
    _require_known(installation, given.get("procedures", frozenset()))
    roles = frozenset(map(Role, given["roles"])) if "roles" in given else before.roles
    return Rights(roles, given.get("services", before.services), given.get("procedures", before.procedures))


def _warn_if_idle(code: str, rights: Rights) -> None:
    if rights.idle:
        remedy = f"« suivi agent rights {code} --service SERVICE » lui en donne"
        click.echo(f"L’agent {code} n’a de droits sur aucune demande : {remedy}.", err=True)


def _register(installation: Installation, code: str, name: str, rights: Rights) -> None:
    try:
        installation.office.directory.register_agent(by_command_line(), code, name, rights)
    except AlreadyExists as error:
        raise CommandRefused(
            f"L’agent {code} existe déjà : « suivi agent rights », « activate » et « resend-link » le changent."
        ) from error


def _require_known(installation: Installation, procedures: frozenset[str]) -> None:
    for code in sorted(procedures):
        try:
            installation.office.directory.procedure(code)
        except UnknownProcedure as error:
            known = listed("Démarches", sorted(installation.people.procedures()))
            raise CommandRefused(f"La démarche « {code} » n’existe pas. {known}") from error


def _people(installation: Installation) -> list[dict[str, Any]]:
    agents = installation.people.agents()
    emails = installation.credentials.emails(list(agents))
    return [
        {
            "code": code,
            "name": person.name,
            "email": emails.get(code),
            "active": person.active,
            "roles": person.roles,
            "services": person.services,
            "procedures": person.procedures,
        }
        for code, person in agents.items()
    ]


def _give_link(installation: Installation, code: str) -> None:
    """The same link on the screen and in the agent's letter; only the link stands on the standard output."""
    base_url, now = installation.settings.at(_PORT), installation.clock()
    link = new_link(installation.activations, code, now, installation.random_bytes, base_url)
    queued = letter_given(installation, code, link, base_url, now)
    click.echo(link)
    click.echo(_told(queued=queued, server=bool(installation.settings.smtp_url)), err=True)


def _told(*, queued: bool, server: bool) -> str:
    if not queued:
        return "L’agent n’a pas d’adresse électronique : donnez-lui ce lien vous-même."
    if not server:
        return (
            "Le courriel à l’agent, avec son code et ce lien, reste en attente : aucun serveur de messagerie n’est "
            "réglé (SUIVI_SMTP_URL). En attendant, donnez-lui ce lien vous-même."
        )
    return "Le courriel à l’agent, avec son code et ce lien, est en attente d’envoi : il part dès que Suivi tourne."


def _typed_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Mot de passe", hide_input=True, err=True))
    line = sys.stdin.buffer.readline(_LONGEST_LINE)
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandRefused("Le mot de passe n’est pas un texte en UTF-8.") from error
