"""Opérations: how far the work on many demands is, what became of each, and where an agent finds his own again."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, abort, render_template, request

from domain.rights import WORKS_ON_DEMANDS
from store.operations import DONE, Operation
from web import current
from web.access import allowed
from web.reasons import SHOWN, Left, grouped, sentence

operations = Blueprint("operations", __name__)
SHOWN_OF_MINE: Final = 20
FAILURES_A_PAGE: Final = 1_000
_LONGEST_NUMBER: Final = 6


@operations.get("/operations")
@allowed(*WORKS_ON_DEMANDS)
def mine() -> str:
    """Mes opérations, the last ones."""
    latest = current.parts().operations.latest(current.agent().code, SHOWN_OF_MINE)
    return render_template("operations/list.html", operations=latest)


@operations.get("/operations/<identity>")
@allowed(*WORKS_ON_DEMANDS)
def show(identity: str) -> str:
    """Une opération, of who asked for it: its progress, then its results."""
    found = _uuid(identity)
    operation = current.parts().operations.find(found) if found else None
    if operation is None or operation.agent != current.agent().code:
        abort(404)
    return render_template("operations/show.html", **_progress(operation))


def _uuid(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _progress(operation: Operation) -> dict[str, Any]:
    found = current.parts().operations
    after = _after()
    failures = found.results(operation.id, FAILURES_A_PAGE + 1, after) if operation.failed else []
    done = found.results(operation.id, SHOWN, done=True) if operation.ended_at and operation.done else []
    shown = failures[:FAILURES_A_PAGE]
    tally = found.tally(operation.id) if operation.failed else {}
    return {
        "operation": operation,
        "left": grouped(Left(one.reference, one.result, one.detail) for one in shown),
        "reasons": [(sentence(*why), n) for why, n in sorted(tally.items(), key=lambda one: -one[1]) if why[0] != DONE],
        "next": shown[-1].number if len(failures) > FAILURES_A_PAGE else None,
        "done": [one.reference for one in done],
        "most": SHOWN,
    }


def _after() -> int:
    """The place in the list of what was left aside, from the address."""
    typed = request.args.get("apres", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= _LONGEST_NUMBER else -1
