"""The journal of finished demands and the statistics, for analysts' programs."""

from typing import Any

from flask import Response

from projections.journal import JournalCriteria, JournalRow
from projections.people import AgentRow
from web import current, days, frame
from web.api import shapes
from web.api.blueprint import operation
from web.api.demands import READERS
from web.api.queries import JournalQuery, StatisticsQuery, beginning, day, end
from web.api.written import answer
from web.columns import refusals_in_words
from web.journal_table import milestone


@operation("/journal", *READERS, query=JournalQuery, shape=shapes.JournalPage, refusals=(400, 422))
def read_journal(query: dict[str, Any]) -> Response:
    """Le journal : les demandes terminées."""
    days.require_order(day(query["closed_from"]), day(query["closed_to"]), "closed_from")
    first, last = beginning(query.pop("closed_from")), end(query.pop("closed_to"))
    page = current.parts().journal.page(JournalCriteria(closed_from=first, closed_before=last, **query), None)
    agents = current.parts().people.agents()
    return answer({"items": [_finished(row, agents) for row in page.rows], "next": page.next})


@operation("/statistics", *READERS, query=StatisticsQuery, shape=shapes.FiguresShape, refusals=(422,))
def read_statistics(query: dict[str, Any]) -> Response:
    """Les statistiques d'une période."""
    first, last = day(query["first"]), day(query["last"])
    today = frame.calendar().local_day(current.now())
    days.require_a_century(first, last or today)
    with refusals_in_words():
        figures = current.parts().statistics.figures(first, last, query["by"], today)
    return answer(figures.as_json())


def _finished(row: JournalRow, agents: dict[str, AgentRow]) -> dict[str, Any]:
    names = {code: agent.name for code, agent in agents.items()}
    return {
        "reference": row.reference,
        "procedure": row.procedure,
        "service": row.service,
        "status": row.status,
        "outcome": row.outcome,
        "channel": row.channel,
        "submitted_at": row.submitted_at,
        "taken_at": row.taken_at,
        "closed_at": row.closed_at,
        "agents": [{"code": code, "name": names.get(code, code)} for code in row.agents],
        "milestones": list(map(milestone, row.milestones)),
    }
