"""Queries of the pages against one indexed row, and how they grow with the town."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from benchmarks.plan import NOW, PROCEDURES, SERVICE
from benchmarks.results import Result, within
from benchmarks.timing import in_pairs
from benchmarks.town import BenchTown
from projections.journal import JournalCriteria
from projections.reading import Criteria, Scope

BREAKDOWNS: Final = ("month", "week", "procedure", "service", "agent")
SCOPE: Final = Scope("lea", tuple(sorted(PROCEDURES)), (SERVICE,), (SERVICE,))


def queries(town: BenchTown) -> Iterator[Result]:
    """Each against the row of one demand by its key in the same database."""
    lists, journal, figures = town.installation.lists, town.installation.journal, town.installation.statistics
    views = sqlite3.connect(town.installation.settings.files["views"])

    def row() -> object:
        return views.execute("SELECT * FROM current_demands WHERE seq=?", (1,)).fetchall()

    def of_a_year(by: str) -> Callable[[], object]:
        return lambda: figures.figures(date(2026, 3, 1), date(2027, 2, 28), by, NOW.date())

    named: dict[str, tuple[Callable[[], object], float | None, int]] = {
        "list page (untreated)": (lambda: lists.page(Criteria("untreated"), SCOPE, NOW), None, 10_000),
        "list page (service)": (lambda: lists.page(Criteria("service"), SCOPE, NOW), None, 10_000),
        "list page (of one agent)": (
            lambda: lists.page(Criteria("service", agent="max"), SCOPE, NOW),
            None,
            10_000,
        ),
        "counters": (lambda: lists.counters(SCOPE, NOW), None, 10_000),
        "name search, the most frequent word": (
            lambda: lists.page(Criteria("service", words=("mar",)), SCOPE, NOW),
            0.001,
            10_000,
        ),
        "name search, two frequent words by due date": (
            lambda: lists.page(Criteria("service", words=("mar dub",), sort="due"), SCOPE, NOW),
            0.001,
            10_000,
        ),
        "journal page": (lambda: journal.page(JournalCriteria(), None), 0.001, 100_000),
        **{f"statistics of a year by {by}": (of_a_year(by), 0.005, 100_000) for by in BREAKDOWNS},
    }
    for name, (query, limit, base) in named.items():
        yield within(name, town.demands, in_pairs(query, row, repeat=5), limit, "row by key", base)
    views.close()
