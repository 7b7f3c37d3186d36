"""``suivi export``: what analysts take elsewhere; nothing personal is in it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from suivi.exporting import BOM, COLUMNS, JournalExport, private_file, written_rows
from suivi.opening import opened
from suivi.parameters import Day, require_order
from suivi.progress import progress_bar


@click.command(help="Exporte le journal des demandes terminées (CSV en UTF-8 avec BOM, séparateur « ; »).")
@click.argument("what", metavar="journal", type=click.Choice(["journal"]), expose_value=False)
@click.option(
    "--format",
    type=click.Choice(["csv"]),
    default="csv",
    show_default=True,
    expose_value=False,
    help="Format du fichier.",
)
@click.option("--from", "first", type=Day(), help="Premier jour de clôture, inclus.")
@click.option("--to", "last", type=Day(), help="Dernier jour de clôture, inclus.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Fichier à écrire ; sinon, la sortie."
)
def export(first: date | None, last: date | None, output: Path | None) -> None:
    """Write finished demands, page by page."""
    require_order(first, last)
    with opened() as installation:
        rows = JournalExport(installation, first, last)
        if output is None or str(output) == "-":
            _write(rows, lambda text: click.echo(text.encode(), nl=False), lambda _: None)
            return
        with private_file(output) as file, progress_bar("Export", rows.count()) as advance:
            _write(rows, file.write, advance)


def _write(rows: JournalExport, write: Callable[[str], object], advance: Callable[[int], None]) -> None:
    write(BOM + written_rows([COLUMNS]))
    for page in rows.pages():
        write(written_rows(page))
        advance(len(page))
