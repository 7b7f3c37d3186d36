"""``suivi statistics``: volumes, backlog and delays, over days of the town's calendar."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import click

from projections.periods import PERIODS
from projections.statistics import BY, Delay, Figure, Figures
from suivi.opening import opened
from suivi.parameters import Day, require_order
from suivi.written import duration, json_text, table
from web.columns import refusals_in_words

_LONGEST: Final = timedelta(days=36_525)
_VOLUMES: Final = (
    "Reçues",
    "Prises en compte",
    "à temps",
    "Clôturées",
    "à temps",
    "Supprimées",
    "En stock",
    "Relances",
)
_DELAYS: Final = ("Prise : médiane", "9 sur 10", "moyenne", "Clôture : médiane", "9 sur 10", "moyenne")
_KEY: Final = {
    "procedure": "Démarche",
    "service": "Service",
    "agent": "Agent",
    "channel": "Canal",
    "day": "Jour",
    "week": "Semaine",
    "month": "Mois",
    "year": "Année",
}


@click.command(help="Statistiques d’une période ; par défaut depuis le premier fait jusqu’à aujourd’hui.")
@click.option("--from", "first", type=Day(), help="Premier jour, inclus.")
@click.option("--to", "last", type=Day(), help="Dernier jour, inclus.")
@click.option("--by", type=click.Choice(BY), help="Une ligne par démarche, service, agent, canal ou période.")
@click.option("--json", "as_json", is_flag=True, help="Écrit les chiffres en JSON.")
def statistics(first: date | None, last: date | None, by: str | None, *, as_json: bool) -> None:
    """Print the figures of a period."""
    require_order(first, last)
    with opened() as installation:
        today = installation.clock().astimezone(installation.zone).date()
        if first is not None and abs((last or today) - first) > _LONGEST:
            raise click.BadParameter("La période dépasse cent ans.", param_hint="--from")
        with refusals_in_words():
            figures = installation.statistics.figures(first, last, by, today)
    if as_json:
        click.echo(json_text(figures.as_json()))
        return
    click.echo(f"Du {figures.first:%d/%m/%Y} au {figures.last:%d/%m/%Y}")
    for line in _lines(figures):
        click.echo(line)


def _lines(figures: Figures) -> Iterator[str]:
    key = _KEY.get(figures.by or "", "")
    moved = [
        (name or "(personne)", figure) for name, figure in figures.rows if figures.by not in PERIODS or _moved(figure)
    ]
    rows = [*moved, ("Total", figures.totals)]
    yield from table((key, *_VOLUMES), [(name, *_volumes(figure)) for name, figure in rows])
    yield ""
    yield "Délais : prise en compte depuis la réception ; clôture depuis la réception, sans le temps en attente."
    yield from table((key, *_DELAYS), [(name, *_delay(f.to_take), *_delay(f.to_close)) for name, f in rows])
    if len(moved) < len(figures.rows):
        yield f"{len(figures.rows) - len(moved)} périodes où rien n’a bougé sont laissées de côté."


def _moved(figure: Figure) -> bool:
    return any((figure.received, figure.taken, figure.closed, figure.deleted, figure.reminders))


def _volumes(figure: Figure) -> tuple[str, ...]:
    taken, closed = figure.in_time["taken"], figure.in_time["closed"]
    counts = (
        figure.received,
        figure.taken,
        taken,
        figure.closed,
        closed,
        figure.deleted,
        figure.open,
        figure.reminders,
    )
    return tuple(map(str, counts))


def _delay(delay: Delay) -> tuple[str, str, str]:
    return duration(delay.median_s), duration(delay.p90_s), duration(delay.mean_s)
