"""``suivi api-client``: programs that may call the API."""

import click

from store.clients import SCOPES
from suivi.importing import CLIENT
from suivi.links import new_token
from suivi.opening import acting
from suivi.refusals import CommandRefused


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
