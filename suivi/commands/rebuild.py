"""``suivi rebuild``: the read models from the facts again, beside those that serve, compared, then in their place."""

import click

from suivi import rebuilding
from suivi.opening import opened
from suivi.progress import progress_bar
from suivi.refusals import CommandRefused
from suivi.written import json_text


@click.command(
    help="Reconstruit les listes et statistiques depuis l’historique, sans arrêt du service, et les compare aux "
    "anciennes. Code de sortie 1 si elles différaient ; les nouvelles servent dans tous les cas."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def rebuild(*, as_json: bool) -> None:
    """Build a new generation; exit 1 when the former one differed from it."""
    with opened(catching_up=False, views=False) as installation:
        with progress_bar("Reconstruction", installation.register.head()) as advance:
            done = rebuilding.rebuild(installation.stores, installation.calendars, installation.clock(), advance)
        installation.projector.catch_up()
    different = done.differences
    if as_json:
        click.echo(json_text(_document(done)))
    else:
        for difference in different:
            click.echo(f"  {difference}")
        click.echo(f"{done.facts} faits relus : les nouvelles listes et statistiques servent.")
        if not done.compared:
            click.echo("Les anciennes étaient absentes, illisibles ou d’une autre version : rien n’a été comparé.")
    if different:
        raise CommandRefused(
            f"{len(different)} différence(s) avec les anciennes, que les nouvelles ont remplacées : "
            "lancez « suivi verify » et cherchez-en la cause."
        )


def _document(done: rebuilding.Rebuilt) -> dict[str, object]:
    return {
        "ok": not done.differences,
        "facts": done.facts,
        "generation": done.generation,
        "compared": done.compared,
        "differences": [
            {"view": difference.view, "key": difference.key, "what": difference.what} for difference in done.differences
        ],
    }
