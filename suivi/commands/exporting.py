"""``suivi export``: what analysts take elsewhere; nothing personal is in it."""

import sys
from datetime import date
from pathlib import Path
from typing import IO, Any, Final

import click

from projections.statistics import BY
from suivi.compose import Installation
from suivi.exported import DemandsExport, EventsExport, Exported, JournalExport, Period, StatisticsExport
from suivi.exporting import private_file, require_format, write
from suivi.opening import opened
from suivi.parameters import Day, require_order
from suivi.progress import progress_bar

_HELP: Final = """Exporte le journal (demandes terminées), toutes les demandes, leurs événements ou les statistiques.

CSV : UTF-8 avec BOM, séparateur « ; ». JSONL : un objet JSON par ligne. XES : événements, pour l’analyse de processus.
Les dates choisissent le journal par jour de clôture, les demandes et leurs événements par jour de réception.
Rien de personnel n’y figure.
"""
_TABLES: Final[dict[str, Any]] = {"journal": JournalExport, "demands": DemandsExport, "events": EventsExport}


@click.command(help=_HELP)
@click.argument("what", metavar="journal|demands|events|statistics", type=click.Choice([*_TABLES, "statistics"]))
@click.option(
    "--format",
    "shape",
    type=click.Choice(["csv", "xlsx", "jsonl", "xes"]),
    default="csv",
    show_default=True,
    help="Format du fichier.",
)
@click.option("--from", "first", type=Day(), help="Premier jour, inclus.")
@click.option("--to", "last", type=Day(), help="Dernier jour, inclus.")
@click.option("--by", type=click.Choice(BY), help="Statistiques : une ligne par… (par défaut, par mois).")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Fichier à écrire ; sinon, la sortie."
)
def export(what: str, shape: str, first: date | None, last: date | None, by: str | None, output: Path | None) -> None:
    """Write one of the four, row by row."""
    require_order(first, last)
    require_format(shape)
    if by is not None and what != "statistics":
        raise click.UsageError("--by ne vaut que pour les statistiques.")
    if shape == "xes" and what != "events":
        raise click.UsageError("XES décrit des événements : « suivi export events --format xes ».")
    to_screen = output is None or str(output) == "-"
    if shape == "xlsx" and to_screen and sys.stdout.isatty():
        raise click.UsageError("Un fichier XLSX ne s’affiche pas : nommez-le avec -o.")
    with opened() as installation:
        wanted = _wanted(installation, what, first, last, by)
        if to_screen or output is None:
            _write(installation, wanted, shape, sys.stdout.buffer, silent=True)
            return
        with private_file(output) as file:
            _write(installation, wanted, shape, file)


def _wanted(installation: Installation, what: str, first: date | None, last: date | None, by: str | None) -> Exported:
    if what == "statistics":
        return StatisticsExport(installation, first, last, by or "month")
    table: Exported = _TABLES[what](installation, Period(installation, first, last))
    return table


def _write(installation: Installation, what: Exported, shape: str, file: IO[bytes], *, silent: bool = False) -> None:
    if silent:
        write(what, shape, file, installation.settings.data_dir, lambda _: None)
        return
    with progress_bar("Export", what.count()) as advance:
        write(what, shape, file, installation.settings.data_dir, advance)
