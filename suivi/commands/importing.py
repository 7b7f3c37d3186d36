"""``suivi import``: histories from a file, with a progress bar and a report for each line that is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from suivi.histories import lines_of
from suivi.importing import Import, Report
from suivi.opening import opened
from suivi.progress import progress_bar
from suivi.refusals import CommandRefused

_UNDONE: Final = "les lignes importées avant le restent, relancez la commande pour les autres"


@click.command(
    "import", help="Importe des demandes et leur passé (JSON Lines, .gz accepté) ; sans risque si on le relance."
)
@click.argument("path", metavar="FICHIER", type=click.Path(path_type=Path))
@click.option(
    "--create-missing",
    is_flag=True,
    help="Crée les démarches, agents (inactifs), événements, motifs et issues (retirés) inconnus.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit le compte rendu en JSON.")
def import_histories(path: Path, *, create_missing: bool, as_json: bool) -> int:
    """Import a file; exit 1 when a line was refused, the rest is imported all the same."""
    number = sum(1 for _ in lines_of(path))
    with opened(undone=_UNDONE) as installation, progress_bar("Import", number) as advance:
        report = Import(installation, create_missing=create_missing).run(lines_of(path), advance)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        for sentence in _sentences(report):
            click.echo(sentence)
    if report.refused:
        raise CommandRefused(
            f"{len(report.refused)} ligne(s) refusée(s) sur {report.read} ; les autres sont importées."
        )
    return 0


def _sentences(report: Report) -> Iterator[str]:
    yield f"{report.read} lignes lues, {report.imported} importées, {report.already_present} déjà présentes."
    for refused in report.refused:
        yield f"  ligne {refused.line} : {refused.reason}"
