"""What each figure is called and means, and how it is written: on the page of statistics and in every export."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

import msgspec

from domain.errors import Invalid
from projections.names import plain
from projections.statistics import DIMENSIONS, MOST_PERIODS, Delay, Figure, Figures, Unanswered

Value = int | float | None
_DAY: Final = 86_400
_HOUR: Final = 3_600
_MINUTE: Final = 60
_HOURS_IN_A_DAY: Final = 24
_MINUTES_IN_AN_HOUR: Final = 60
_WHOLE: Final = 100
_MANY: Final = 2
MONTHS: Final = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
BREAKDOWNS: Final = {
    "procedure": "Démarche",
    "service": "Service",
    "agent": "Agent",
    "channel": "Canal",
    "day": "Jour",
    "week": "Semaine",
    "month": "Mois",
    "year": "Année",
}
"""What a row may stand for, in the order in which the page offers it."""
TOTAL: Final = "Total"
TOTAL_OF_THE_TOWN: Final = "Total de la mairie"
"""The same where the rows are only some of those that are added up."""
NOBODY: Final = "(personne)"
_UNANSWERED: Final = {
    "crossed": ("by", "Une démarche, un service, un agent ou un canal se lit seul par jour, semaine, mois ou année."),
    "periods": (
        "by",
        f"Plus de {MOST_PERIODS} lignes : raccourcissez la période, ou demandez-la par mois ou par année.",
    ),
    "reversed": ("from", "La période commence après sa fin."),
}
Row = tuple[str, str | None, Figure]
"""A row of a table: what it stands for in the town's words, its key, its figures."""


class Column(msgspec.Struct, frozen=True):
    """A figure of a row: its names, and its exact value as a number; shares in percent, delays in days."""

    name: str
    short: str
    heading: str
    value: Callable[[Figure], Value]
    kind: str = "count"

    def rounded(self, figure: Figure) -> Value:
        """The value as a file holds it."""
        value = self.value(figure)
        if value is None or self.kind == "count":
            return value
        return percent(value, 1) if self.kind == "share" else round(value, 2)


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """What the figures cannot answer, in the town's words; raises Invalid."""
    try:
        yield
    except Unanswered as refusal:
        field, sentence = _UNANSWERED[refusal.code]
        raise Invalid({field: [sentence]}) from refusal


def share(part: int, whole: int) -> float | None:
    """In percent, exactly; None of nothing."""
    return _WHOLE * part / whole if whole else None


def percent(value: float, digits: int = 0) -> float:
    """A share rounded to be read: 100 is all of them and 0 none, never nearly so."""
    rounded = round(value, digits)
    least = round(0.1**digits, digits)
    if rounded >= _WHOLE > value:
        return _WHOLE - least
    return least if rounded <= 0 < value else rounded


def days(seconds: float | None) -> float | None:
    """A delay in days, exactly."""
    return None if seconds is None else seconds / _DAY


VOLUMES: Final = (
    Column("received", "Reçues", "Reçues", lambda f: f.received),
    Column("taken", "Prises en compte", "Prises en compte", lambda f: f.taken),
    Column("closed", "Clôturées", "Clôturées", lambda f: f.closed),
    Column("deleted", "Supprimées", "Supprimées", lambda f: f.deleted),
    Column("open", "En stock", "En stock à la fin", lambda f: f.open),
    Column("reminders", "Relances", "Relances", lambda f: f.reminders),
)


def _delays(name: str, what: str, delay: Callable[[Figure], Delay]) -> tuple[Column, ...]:
    """How many were within their delay, and how long it took."""
    return (
        Column(f"{name}_in_time", "À temps", f"{what} : à temps", lambda f: f.in_time[name]),
        Column(
            f"{name}_share",
            "Part",
            f"{what} : part à temps (%)",
            lambda f: share(f.in_time[name], f.with_delay[name]),
            "share",
        ),
        Column(f"{name}_median", "Médiane", f"{what} : médiane (jours)", lambda f: days(delay(f).median_s), "days"),
        Column(f"{name}_p90", "9 sur 10", f"{what} : 9 sur 10 en (jours)", lambda f: days(delay(f).p90_s), "days"),
        Column(f"{name}_mean", "Moyenne", f"{what} : moyenne (jours)", lambda f: days(delay(f).mean_s), "days"),
    )


TO_TAKE: Final = _delays("taken", "Prise en compte", lambda f: f.to_take)
TO_CLOSE: Final = _delays("closed", "Clôture", lambda f: f.to_close)
COLUMNS: Final = (*VOLUMES, *TO_TAKE, *TO_CLOSE)
DEFINITIONS: Final = (
    ("Reçues", "Demandes arrivées pendant la période, par tous les canaux."),
    ("Prises en compte", "Demandes qu’un agent a prises en compte pendant la période."),
    ("Clôturées", "Demandes clôturées pendant la période, quelle que soit l’issue."),
    ("Supprimées", "Demandes que personne n’a prises en compte dans le délai fixé, supprimées pendant la période."),
    ("En stock", "Demandes ouvertes à la fin de la période : non traitées, en cours ou en attente."),
    ("Relances", "Relances envoyées aux agents pendant la période, une par demande et par échéance."),
    (
        "Délai de prise en compte",
        "De la réception à la première prise en compte, pour les demandes prises en compte pendant la période.",
    ),
    (
        "Délai de clôture",
        "De la réception à la clôture, sans le temps passé en attente, pour les demandes clôturées pendant la période.",
    ),
    (
        "À temps, part",
        "Au plus tard à l’échéance alors en vigueur ; la part se compte sur les demandes qui en avaient une.",
    ),
    (
        "Médiane, 9 sur 10",
        "La moitié des demandes, ou neuf sur dix, n’ont pas demandé plus de temps ; à 1 % près. La moyenne est exacte.",
    ),
    (
        "Par agent",
        "Prises en compte et clôtures comptent pour qui les a faites, le reste pour qui suit alors la demande.",
    ),
    ("Périodes", "Premier et dernier jour compris ; le stock d’une ligne est celui de la fin de sa période."),
    ("Effacement", "Effacer des données personnelles ne change aucun chiffre."),
)


def period_label(key: str, by: str) -> str:
    """A period as one says it: « 01/03/2027 », « semaine 9, 2027 », « mars 2027 », « 2027 »."""
    if by == "day":
        return f"{date.fromisoformat(key):%d/%m/%Y}"
    if by == "week":
        year, week = key.split("-W")
        return f"semaine {int(week)}, {year}"
    if by == "month":
        year, month = key.split("-")
        return f"{MONTHS[int(month) - 1]} {year}"
    return key


def spoken(seconds: float | None) -> str:
    """A delay as one says it, in days unless it is shorter: « 12 min », « 3,5 h », « 4,2 jours »."""
    if seconds is None:
        return "–"
    if seconds < _MINUTE:
        return "moins d’une minute"
    if (minutes := round(seconds / _MINUTE)) < _MINUTES_IN_AN_HOUR:
        return f"{minutes} min"
    if (hours := round(seconds / _HOUR, 1)) < _HOURS_IN_A_DAY:
        return f"{_decimal(hours)} h"
    told = round(seconds / _DAY, 1)
    return f"{_decimal(told)} {'jour' if told < _MANY else 'jours'}"


def nine_in_ten(seconds: float | None) -> str:
    """« 9 demandes sur 10 en moins de 5,6 jours »; nothing where nothing was measured."""
    if seconds is None:
        return ""
    said = spoken(seconds)
    return f"9 demandes sur 10 en {said}" if said.startswith("moins") else f"9 demandes sur 10 en moins de {said}"


def _decimal(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace(".", ",")


def labelled(figures: Figures, label: Callable[[str], str]) -> list[Row]:
    """The rows as they are read: periods in their order, anything else by its label, nobody last."""
    rows = [(NOBODY if key is None else label(key), key, figure) for key, figure in figures.rows]
    return sorted(rows, key=_place) if figures.by in DIMENSIONS else rows


def _place(row: Row) -> tuple[bool, str]:
    return row[1] is None, plain(row[0])


def exported(figures: Figures, label: Callable[[str], str], total: str = TOTAL) -> Iterator[list[object]]:
    """A table of figures for a spreadsheet: its headings, a row for each key, the totals."""
    headings = [column.heading for column in COLUMNS]
    yield [BREAKDOWNS.get(figures.by or "", "Période"), "Code", *headings]
    for said, key, figure in labelled(figures, label):
        yield [said, key, *(column.rounded(figure) for column in COLUMNS)]
    yield [total, None, *(column.rounded(figures.totals) for column in COLUMNS)]


def explained(figures: Figures, of: str = "") -> Iterator[list[object]]:
    """The sheet that says what the figures are about and mean."""
    yield ["Chiffre", "Définition"]
    yield ["Période", f"Du {figures.first:%d/%m/%Y} au {figures.last:%d/%m/%Y}"]
    if of:
        yield ["Limités à", of]
    yield from map(list, DEFINITIONS)
