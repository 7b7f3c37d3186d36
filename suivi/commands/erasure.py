"""``suivi erasure``: what was erased is really gone, or is listed."""

from collections import Counter
from typing import Final

import click

from suivi.opening import opened
from suivi.refusals import CommandRefused
from suivi.residue import residue
from suivi.written import json_text

_SHOWN: Final = 50


@click.group(help="Effacement des données personnelles.")
def erasure() -> None:
    """What is left of finished demands."""


@erasure.command(help="Cherche ce qui resterait des demandes terminées : clés, jetons, lignes scellées, courriels.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def scan(*, as_json: bool) -> None:
    """List what is left; exit 1 when there is anything."""
    with opened() as installation:
        found = list(residue(installation, installation.clock()))
    if as_json:
        click.echo(json_text({"ok": not found, "residue": found}))
    else:
        for left in found[:_SHOWN]:
            click.echo(f"  {left.demand or left.kind} : {left.detail}")
        if not found:
            click.echo("Il ne reste rien des demandes terminées.")
    if found:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(left.kind for left in found).items()))
        raise CommandRefused(
            f"{len(found)} reste(s) ({kinds}) : le service les efface dans l’heure ; sinon, voir ses journaux."
        )
