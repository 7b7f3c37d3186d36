"""``suivi import``: histories from a file, with a progress bar and a report for each line that is refused."""

from collections import Counter
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
from web.filters import number, plural

_MOST_LINES: Final = 20
_MOST_REASONS: Final = 20
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
    total = sum(1 for _ in lines_of(path))
    with opened(undone=_UNDONE) as installation, progress_bar("Import", total) as advance:
        report = Import(installation, create_missing=create_missing).run(lines_of(path), advance)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        for sentence in _sentences(report):
            click.echo(sentence)
    if report.refused:
        refused = plural(len(report.refused), "ligne refusée", "lignes refusées")
        raise CommandRefused(f"{refused} sur {number(report.read)} ; {_rest(report)}.")
    return 0


def _rest(report: Report) -> str:
    if report.imported:
        return "les autres sont importées"
    return "les autres étaient déjà présentes" if report.already_present else "rien n’est importé"


def _sentences(report: Report) -> Iterator[str]:
    read, imported = plural(report.read, "ligne lue", "lignes lues"), plural(report.imported, "importée")
    yield f"{read}, {imported}, {plural(report.already_present, 'déjà présente', 'déjà présentes')}."
    for refused in report.refused[:_MOST_LINES]:
        yield f"  ligne {refused.line} : {refused.reason}"
    more = Counter(refused.reason for refused in report.refused[_MOST_LINES:]).most_common()
    for reason, times in more[:_MOST_REASONS]:
        yield f"  et {plural(times, 'autre ligne', 'autres lignes')} : {reason}"
    if rest := sum(times for _, times in more[_MOST_REASONS:]):
        yield f"  et {plural(rest, 'autre ligne', 'autres lignes')}, pour d’autres raisons (--json les donne toutes)"
