"""``suivi expire``: the demands that nobody took in the time their procedure allows, and the warnings before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import click

from suivi.compose import Installation
from suivi.occasions import occasions_of
from suivi.opening import opened
from suivi.parameters import Moment, in_zone
from suivi.written import json_text, moment, table
from workers.expiring import Told, due_endings
from workers.expiring import expire as carry_out

PORT: Final = 8000
_UNDONE: Final = "ce qui était déjà enregistré le reste, relancez la commande pour le reste"


@click.command(
    help="Supprime les demandes que personne n’a prises en compte dans le délai de leur démarche, et avertit avant."
)
@click.option("--now", "at", type=Moment(), help="À cet instant plutôt que maintenant (ISO 8601).")
@click.option("--dry-run", is_flag=True, help="Montre sans rien supprimer ni envoyer.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def expire(at: datetime | None, *, dry_run: bool, as_json: bool) -> None:
    """Delete and warn, or show what would be deleted and warned of."""
    with opened(undone=_UNDONE) as installation:
        as_of = None if at is None else in_zone(at, installation.zone)
        now = as_of or installation.clock()
        occasions = occasions_of(installation, installation.settings.at(PORT))
        told = (due_endings if dry_run else carry_out)(occasions, now, as_of)
        over = [one for one in told if one.ending.over]
        soon = [one for one in told if not one.ending.over]
        if as_json:
            click.echo(json_text(_document(now, over, soon)))
        else:
            _show(installation, now, over, soon)


def _document(now: datetime, over: Sequence[Told], soon: Sequence[Told]) -> dict[str, Any]:
    warned = [{**_ends(one), "days_left": one.ending.days_left} for one in soon]
    return {"now": now, "expired": [_ends(one) for one in over], "warned": warned}


def _ends(one: Told) -> dict[str, Any]:
    return {"reference": one.ending.reference, "deadline": one.ending.deadline}


def _show(installation: Installation, now: datetime, over: Sequence[Told], soon: Sequence[Told]) -> None:
    zone = installation.zone
    click.echo(f"Au {moment(now, zone)} : suppressions {len(over)}, avertissements {len(soon)}.")
    rows = [
        (
            one.ending.reference,
            "supprimée" if one.ending.over else f"dans {one.ending.days_left} j",
            moment(one.ending.deadline, zone),
            ", ".join(one.agents) or "(personne)",
        )
        for one in (*over, *soon)
    ]
    if rows:
        for line in table(("Référence", "Suppression", "Échéance", "Agents"), rows, left=4):
            click.echo(line)
