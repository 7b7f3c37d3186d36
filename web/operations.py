"""Opérations: how far the work on many demands is, what became of each, and where an agent finds his own again."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for

from domain.rights import WORKS_ON_DEMANDS
from store.operations import DONE, Operation, Result
from web import current
from web.access import allowed
from web.reasons import SHOWN, Left, grouped, sentence

operations = Blueprint("operations", __name__)
SHOWN_OF_MINE: Final = 20
LEFT: Final = "apres"
"""In an address: after which demand the list of those left aside goes on."""
DONE_ONES: Final = "faites"
"""The same for those that were done."""
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
    left, next_left = _page(operation, LEFT) if operation.failed else ([], None)
    done, next_done = _page(operation, DONE_ONES) if operation.ended_at and operation.done else ([], None)
    tally = current.parts().operations.tally(operation.id) if operation.failed else {}
    return {
        "operation": operation,
        "left": grouped(Left(one.reference, one.result, one.detail) for one in left),
        "reasons": [(sentence(*why), n) for why, n in sorted(tally.items(), key=lambda one: -one[1]) if why[0] != DONE],
        "next_left": next_left,
        "done": [one.reference for one in done],
        "next_done": next_done,
    }


def _page(operation: Operation, name: str) -> tuple[list[Result], str | None]:
    """The demands left aside or done after the place in the address, and the address of the next ones."""
    found = current.parts().operations.results(operation.id, SHOWN + 1, _place(name), done=name == DONE_ONES)
    shown = found[:SHOWN]
    if len(found) <= SHOWN:
        return shown, None
    places = {one: _place(one) for one in (LEFT, DONE_ONES) if _place(one) >= 0} | {name: shown[-1].number}
    return shown, url_for("operations.show", identity=operation.id, **places)  # type: ignore[arg-type]  # parameters only


def _place(name: str) -> int:
    """After which demand a list goes on, from the address."""
    typed = request.args.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= _LONGEST_NUMBER else -1
