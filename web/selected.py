"""The demands that a form means: the ticked ones, or all that a list's criteria find; and which can be handled."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import url_for
from werkzeug.datastructures import MultiDict

from domain.definition import Definition
from domain.demand import Demand
from domain.errors import Invalid, UnknownDemand
from domain.references import read_reference
from domain.status import OPEN, Status
from projections.reading import Row
from projections.selecting import MOST, TooMany
from web import criteria, current, people
from web.filters import number
from web.lists import SECTIONS
from web.meant import criteria_meant, require_readable, search_by_name, section_meant, sent
from web.reasons import Left

LABELS: Final = "labels"
COMES_FROM: Final = {
    "close": Demand.Closed.comes_from,
    "reassign": Demand.Reassigned.comes_from,
    "add_event": Demand.EventAdded.comes_from,
    LABELS: OPEN,
}
"""The actions, with the statuses in which a demand can take them."""
_TYPED: Final = ("reference", "cherche", "cursor", "size")
"""Criteria that may hold what somebody typed about a citizen, or a place in a list: an operation keeps none of them."""


class Selected(msgspec.Struct, frozen=True):
    """What a form means: the demands to handle, those left aside, and the fields that say the same again.

    ``expected`` is the number that the agent was shown, where it is not the number found now; ``back`` is the list.
    """

    rows: list[Row]
    left: list[Left]
    references: list[str]
    fields: list[tuple[str, str]]
    back: str
    expected: int | None = None
    changed: bool = False

    @property
    def number(self) -> int:
        """How many demands are meant, those left aside included."""
        return len(self.references)


def selected(action: str) -> Selected:
    """Read it from the form; raises Invalid."""
    typed = criteria_meant(action)
    if sent().get("scope") == "filter":
        require_readable(action)
        search_by_name(typed)
        return _by_filter(action, typed)
    if sent().get("scope") != "page":
        raise Invalid({"scope": ["Choisissez les demandes cochées, ou tous les résultats."]})
    return _ticked(action, typed)


def _by_filter(action: str, typed: MultiDict[str, str]) -> Selected:
    """Every demand of the list, which may have changed since the agent saw its number."""
    section = section_meant()
    if section is None:
        raise Invalid({"section": ["Choisissez une des listes."]})
    wanted = criteria.read(section.name, typed, section.sort)
    try:
        found = list(current.parts().selecting.matching(wanted.criteria, current.scope(), current.now()))
    except TooMany:
        said = f"Plus de {number(MOST)} demandes\u00a0: précisez les critères pour en choisir moins à la fois."
        raise Invalid({"scope": [said]}) from None
    references = [row.reference for row in found]
    seen, digest = _expected(), _digest(references)
    changed = seen != len(references) or sent().get("digest", digest) != digest
    fields = [
        ("scope", "filter"),
        ("section", section.name),
        ("criteria", urlencode(list(typed.items(multi=True)))),
        ("expected", str(len(references))),
        ("digest", digest),
    ]
    rows, left = _judged(action, found)
    shown = seen if seen != len(references) else None
    return Selected(rows, left, references, fields, _back(section.name, typed), shown, changed)


def _ticked(action: str, typed: MultiDict[str, str]) -> Selected:
    """The ticked demands; a text that is no reference is none of ours, and is not kept."""
    references = list(dict.fromkeys(_readable(sent().getlist("references"))))
    parts = current.parts()
    rows = parts.selecting.named(references)
    finished = parts.selecting.finished([one for one in references if one not in rows])
    found: list[Row | Left] = []
    for reference in references:
        if reference in rows:
            found.append(rows[reference])
        elif reference in finished and _sees(finished[reference].procedure):
            found.append(Left(reference, "status", finished[reference].status))
        else:
            found.append(Left(reference, "unknown"))
    possible, left = _judged(action, found)
    listed = section_meant() if sent().get("section") else None
    section = listed.name if listed else ""
    fields = [("scope", "page"), ("references", " ".join(references))]
    if listed:
        fields += [("section", section), ("criteria", urlencode(list(typed.items(multi=True))))]
    return Selected(possible, left, references, fields, _back(section, typed))


def _readable(typed: Iterable[str]) -> Iterator[str]:
    """The references among the fields; one field may hold several, so that five thousand weigh less."""
    for text in typed:
        for word in text.split():
            try:
                yield read_reference(word)
            except UnknownDemand:
                continue


def _judged(action: str, found: Iterable[Row | Left]) -> tuple[list[Row], list[Left]]:
    """What can be handled, and what is left aside; rights are those of this moment, and are judged again at work."""
    rows, left = list[Row](), list[Left]()
    verdicts: dict[tuple[str, str], str | None] = {}
    for one in found:
        if isinstance(one, Left):
            left.append(one)
            continue
        key = (one.procedure, one.service)
        if key not in verdicts:
            verdicts[key] = _forbidden(action, _definition(*key))
        code, status = verdicts[key], Status(one.status)
        if code is not None:
            left.append(Left(one.reference, code))
        elif status not in COMES_FROM[action]:
            left.append(Left(one.reference, "status", status.value))
        elif action == "reassign" and not _reassigned_by_the_lot(one):
            left.append(Left(one.reference, "not_head"))
        else:
            rows.append(one)
    return rows, left


def _forbidden(action: str, definition: Definition) -> str | None:
    """Why this agent may not do it to any demand of a procedure; a foreign demand is as good as none."""
    rights = current.agent().rights
    if not rights.sees(definition):
        return "unknown"
    if action == LABELS:
        able = rights.reads(definition)
    else:
        able = rights.processes(definition) or (action == "reassign" and rights.oversees(definition.service))
    return None if able else "not_allowed"


def _reassigned_by_the_lot(row: Row) -> bool:
    agent = current.agent()
    return agent.rights.reassigns_many(row.service, own=row.agent == agent.code)


def _definition(procedure: str, service: str) -> Definition:
    return people.definitions().get(procedure) or Definition(procedure, procedure, service, restricted=True)


def _sees(procedure: str) -> bool:
    definition = people.definitions().get(procedure)
    return definition is not None and current.agent().rights.sees(definition)


def _back(section: str, typed: MultiDict[str, str]) -> str:
    """The address of the list, with the criteria that can say nothing of a citizen."""
    known = SECTIONS.get(section, SECTIONS["in_progress"])
    try:
        read = criteria.read(known.name, MultiDict((k, v) for k, v in typed.items() if k not in _TYPED), known.sort)
    except Invalid:
        return url_for(f"lists.{known.name}")
    kept: dict[str, Any] = {
        name: value
        for name, value in criteria.in_address(read.typed).items()
        if (name != "sort" or value != known.sort) and _is_ours(name, value)
    }
    return url_for(f"lists.{known.name}", **kept)


def _is_ours(name: str, value: str) -> bool:
    """Whether a criterion is a choice of the town hall's, and not whatever somebody typed."""
    if name == "service":
        return any(definition.service == value for definition in people.definitions().values())
    if name in ("procedure", "agent"):
        return value in (people.definitions() if name == "procedure" else people.agents())
    return True


def _expected() -> int | None:
    typed = sent().get("expected", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= len(str(MOST)) else None


def _digest(references: Iterable[str]) -> str:
    """Tells whether the same demands are meant as on the page that was confirmed."""
    return sha256(" ".join(sorted(references)).encode()).hexdigest()[:16]
