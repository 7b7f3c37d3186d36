"""``suivi demo``: a fictitious town hall with people, demands and mails, on this machine only."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import click

from suivi import logs
from suivi.compose import Installation
from suivi.opening import created, opened
from suivi.progress import progress_bar
from suivi.refusals import CommandRefused
from suivi.settings import Settings, read_settings

_COMPLETE: Final = "demo.complete"


@click.command(help="Une mairie fictive, avec agents, demandes et courriels, sur http://127.0.0.1:8000.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535), help="Port d’écoute.")
@click.option("--fresh", is_flag=True, help="Repart d’une ville neuve.")
def demo(port: int, *, fresh: bool) -> None:
    """Make the fictitious town if it is not there, then serve it until told to stop."""
    from suivi import server, serving  # noqa: PLC0415 — the web is loaded only to serve it
    from workers.transport import MailboxTransport  # noqa: PLC0415 — the same

    chosen = demo_settings(dict(os.environ))
    mailbox = MailboxTransport()
    with server.bind("127.0.0.1", port) as bound:
        if fresh or not (chosen.data_dir / _COMPLETE).exists():
            _make(chosen, mailbox)
        logs.configure()
        with opened(chosen) as installation:
            serving.serve(installation, bound, _announce, mailbox)


def demo_settings(environment: dict[str, str]) -> Settings:
    """Everything in one directory of its own, nothing sent anywhere; only the zone is the environment's."""
    directory = Path(environment.get("SUIVI_DATA_DIR") or "var").absolute() / "demo"
    kept = {"SUIVI_DATA_DIR": str(directory), "SUIVI_TIMEZONE": environment.get("SUIVI_TIMEZONE", "")}
    return replace(read_settings(kept), demo=True)


def _make(settings: Settings, mailbox: object) -> None:
    from suivi.demo.filling import fill  # noqa: PLC0415 — only a new demo needs the fictitious town
    from suivi.demo.lives import DEMANDS  # noqa: PLC0415 — the same
    from suivi.serving import MARK, mark_demo  # noqa: PLC0415 — the same

    if settings.data_dir.exists() and any(settings.data_dir.iterdir()):
        if not (settings.data_dir / MARK).exists():
            raise CommandRefused(f"{settings.data_dir} n’est pas une démonstration : déplacez ce répertoire.")
        shutil.rmtree(settings.data_dir)
    settings.data_dir.mkdir(mode=0o700, parents=True)
    mark_demo(settings)
    with created(settings) as installation, progress_bar("Mairie fictive", DEMANDS) as advance:
        fill(installation, _deliverer(installation, mailbox), advance)
        installation.followers.skip(installation.clock())  # nobody is told of an invented past
    (settings.data_dir / _COMPLETE).touch(mode=0o600)


def _deliverer(installation: Installation, mailbox: object) -> Callable[[UUID, datetime], None]:
    """Letters of the past leave at their own instants, through the delivery that serves always; two of them fail."""
    from suivi.demo.picky import PickyTransport  # noqa: PLC0415 — only a new demo delivers here
    from suivi.serving import worker_parts  # noqa: PLC0415 — the same
    from workers.delivery import Deliverer  # noqa: PLC0415 — the same

    picky = PickyTransport(mailbox, installation.clock() - timedelta(days=3))  # type: ignore[arg-type]  # a MailboxTransport
    parts = worker_parts(installation, "http://127.0.0.1", picky)

    def deliver(mail_id: UUID, at: datetime) -> None:
        Deliverer(replace(parts, clock=lambda: at)).deliver(mail_id)

    return deliver


def _announce(address: str) -> None:
    from suivi.demo.filling import PASSWORD  # noqa: PLC0415 — only said when the demo runs
    from suivi.demo.town import AGENTS, TOWN  # noqa: PLC0415 — the same

    click.echo(f"\n{TOWN['name']} (fictive) répond sur {address}\n")
    click.echo(f"Mot de passe de tous les agents : {PASSWORD}")
    for agent in AGENTS:
        services = ", ".join(agent.services) or "toute la mairie"
        click.echo(f"  {agent.code:<18} {agent.name:<20} {'/'.join(agent.roles):<9} {services}")
    click.echo(f"\nCourriels : {address}/demo/courriels — Ctrl-C pour arrêter.", nl=True)
