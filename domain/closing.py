"""Closing many demands at once: few commits, and still one winner and one loser for each demand."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from domain.agent import Agent
from domain.errors import Refused
from domain.facts import Command
from domain.handle import DemandHandle
from domain.joint import save_together
from domain.ports import LostRace

if TYPE_CHECKING:
    from domain.office import Office

GROUP: Final = 500
"""Demands recorded in one transaction: others who write wait a tenth of a second at most."""
LetterOf = Callable[[DemandHandle], tuple[str, str] | None]


def close_all(
    office: "Office",
    references: Sequence[str],
    *,
    by: Agent,
    command: Command,
    outcome: str,
    comment: str | None = None,
    letter: LetterOf = lambda _: None,
    group: int = GROUP,
) -> dict[str, Refused]:
    """Clôturer by the lot; the refusal of each demand that was not closed, by reference.

    A group in which somebody was faster is recorded demand by demand, so that only his are refused. The same command
    again closes what the first time left out, and nothing twice.
    """
    refused: dict[str, Refused] = {}
    at_once = office.at_once()
    for start in range(0, len(references), group):
        handles: dict[str, DemandHandle] = {}
        read = at_once.read(references[start : start + group])
        for reference in dict.fromkeys(references[start : start + group]):
            try:
                handles[reference] = handle = at_once.in_hand(reference, by=by, command=command, read=read)
                handle.close(outcome, comment, letter(handle))
            except Refused as refusal:
                handles.pop(reference, None)
                refused[reference] = refusal
        refused |= _record(at_once, handles, command)
    return refused


def _record(office: "Office", handles: dict[str, DemandHandle], command: Command) -> dict[str, Refused]:
    refused: dict[str, Refused] = {}
    try:
        save_together(office, list(handles.values()), (), command.at)
    except LostRace:
        for reference, handle in handles.items():
            try:
                handle.record_apart()
            except Refused as refusal:
                refused[reference] = refusal
    return refused
