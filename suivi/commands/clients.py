"""``suivi api-client``: programs that may call the API."""

import click

from store.clients import SCOPES
from suivi.importing import CLIENT
from suivi.links import new_token
from suivi.opening import acting, opened
from suivi.refusals import CommandRefused
from suivi.written import json_text, table


@click.group("api-client", help="Programmes qui appellent l’API.")
def api_client() -> None:
    """Programs and their tokens."""


@api_client.command(help="Crée un client et affiche son jeton, une seule fois : Suivi n’en garde qu’une empreinte.")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="Portée ; à répéter.")
def create(name: str, scopes: tuple[str, ...]) -> None:
    """Let a program in; the token stands alone on stdout."""
    if name == CLIENT:
        raise CommandRefused(f"« {CLIENT} » est le client de la commande suivi import : choisissez un autre nom.")
    with acting() as installation:
        token = new_token(installation.random_bytes)
        installation.clients.create(name, token, scopes, installation.clock())
        click.echo(token)


@api_client.command("list", help="Liste les clients, avec leurs portées et leur date de création.")
@click.option("--json", "as_json", is_flag=True, help="Écrit la liste en JSON.")
def list_clients(*, as_json: bool) -> None:
    """Who holds a token; the tokens themselves are not kept."""
    with opened(catching_up=False, views=False) as installation:
        known, zone = installation.clients.known(), installation.zone
    if as_json:
        found = [{"name": one.name, "scopes": sorted(one.scopes), "created_at": one.created_at} for one in known]
        click.echo(json_text(found))
        return
    rows = [
        [one.name, ", ".join(sorted(one.scopes)), f"{one.created_at.astimezone(zone):%d/%m/%Y %H:%M}"] for one in known
    ]
    for line in table(["Nom", "Portées", "Créé le"], rows, left=3):
        click.echo(line)


@api_client.command(help="Retire l’accès à un client : son jeton est refusé dès le prochain appel.")
@click.argument("name")
def revoke(name: str) -> None:
    """Keep a program out at once; what it handed in stays."""
    with opened(catching_up=False, views=False) as installation:
        installation.clients.revoke(name)
