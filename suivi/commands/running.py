"""``suivi init``, ``serve`` and ``worker``: from nothing to a town hall that answers."""

from typing import Final

import click
import msgspec

from domain.facts import Command
from domain.townhall import Settings
from suivi import logs
from suivi.compose import Installation
from suivi.founding import found
from suivi.opening import by_command_line, created, opened, settings
from suivi.refusals import CommandRefused

DEFAULT_NAME: Final = "Mairie"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@click.command(help="Crée le répertoire des données, les secrets et les tables ; sans danger si on le relance.")
@click.option("--name", help="Nom de la mairie, par exemple « Mairie de Saint-Aubin ».")
def init(name: str | None) -> None:
    """Make or upgrade an installation, and found its town hall."""
    with created() as installation:
        found(installation.office, by_command_line(), Settings(name=name or DEFAULT_NAME))
        if name is not None:
            _rename(installation, by_command_line(), name)
        installation.projector.catch_up()
        _warn(installation)
        chosen, townhall = installation.settings, installation.office.directory.townhall()
        click.echo(f"{townhall.settings.name} : {len(installation.people.procedures())} démarches prêtes.")
        click.echo(f"Données : {chosen.data_dir}")
        click.echo(f"Clés : {chosen.keys_dir} (à sauvegarder à part)")
        if not installation.people.agents():
            click.echo("Ensuite, le premier compte : suivi agent create CODE --name NOM --email ADRESSE --role admin")


@click.command(help="Sert les pages et l’API ; envoie aussi les courriels, sauf si SUIVI_BROKER_URL est donné.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Adresse d’écoute.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535), help="Port d’écoute.")
def serve(host: str, port: int) -> None:
    """Serve until told to stop."""
    from suivi import server, serving  # noqa: PLC0415 — the web is loaded only to serve it

    chosen = settings()
    serving.refuse_demo(chosen)
    logs.configure()
    bound = server.bind(host, port)
    with bound, opened(chosen, catching_up=False) as installation:
        installation.catch_up()  # what stops the lists is told by /health/ready; it does not stop the intake
        if host not in _LOOPBACK and chosen.base_url is None:
            click.echo("suivi : définissez SUIVI_BASE_URL, sinon seules les adresses locales sont acceptées.", err=True)
        serving.serve(
            installation, bound, lambda address: click.echo(f"Suivi répond sur {address} (Ctrl-C pour arrêter)")
        )


@click.command(help="Envoie les courriels et tient l’horloge, en production, à côté du serveur web.")
def worker() -> None:
    """Work until told to stop."""
    from suivi import serving  # noqa: PLC0415 — the workers are loaded only to run them

    chosen = settings()
    serving.refuse_demo(chosen)
    if not chosen.broker_url:
        raise CommandRefused("SUIVI_BROKER_URL est vide : « suivi serve » envoie déjà les courriels lui-même.")
    logs.configure()
    with opened(chosen, catching_up=False) as installation:
        installation.catch_up()
        serving.work(installation, lambda: click.echo("Suivi travaille (Ctrl-C pour arrêter)"))


def _warn(installation: Installation) -> None:
    for store, named in installation.stores.logged().items():
        click.echo(
            f"suivi : le serveur PostgreSQL du magasin « {store} » écrirait des valeurs dans son journal "
            f"({', '.join(named)}) : voir « PostgreSQL » dans docs/operators.md.",
            err=True,
        )


def _rename(installation: Installation, command: Command, name: str) -> None:
    with installation.office.directory.change_townhall(command) as townhall:
        townhall.change_settings(msgspec.structs.replace(townhall.settings, name=name))
