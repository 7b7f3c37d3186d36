"""The criteria of a list, as they stand in its address: read, explained as chips, put back into addresses."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from flask import url_for
from marshmallow import fields

from domain.errors import Invalid, MiscopiedReference, UnknownDemand
from domain.references import read_reference
from domain.status import Status
from projections.listing import sorts_of
from projections.reading import Criteria
from web import frame, people
from web.days import require_order
from web.filters import day, status_label
from web.forms import Form, Length, OneOf, Range
from web.reference_numbers import looks_whole, number_in, with_number
from web.sealing import seal, unseal
from web.sessions import key_of_session

PURPOSE: Final = "applicant"
TYPED: Final = frozenset({"reference", "applicant"})
"""The criteria that somebody types; the others are chosen among what the town hall offers."""
OPEN_IN_ORDER: Final = (Status.UNTREATED, Status.IN_PROGRESS, Status.ON_HOLD)
SIZES: Final = (25, 50, 100)
SORTS: Final = ("received", "-received", "due", "-due", "since", "-since")
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
LONGEST_NAME: Final = 100
CHIPS: Final = {
    "reference": "Référence",
    "applicant": "Usager",
    "procedure": "Démarche",
    "service": "Service",
    "status": "Statut",
    "agent": "Agent",
    "received_from": "Reçue depuis le",
    "received_to": "Reçue jusqu’au",
    "late": "En retard",
}


class Day(fields.Date):
    """A day in town, within the years that calendars can hold."""

    def __init__(self, **options: Any) -> None:
        between = Range(min=FIRST_DAY, max=LAST_DAY, error="Une date entre 1970 et 2199.")
        super().__init__(load_default=None, validate=between, **options)


class Filters(Form):
    """What narrows a list; ``cherche`` is a search by name, sealed for this session."""

    reference = fields.String(load_default=None, validate=Length(max=80))
    procedure = fields.String(load_default=None, validate=Length(max=80))
    service = fields.String(load_default=None, validate=Length(max=200))
    status = fields.String(load_default=None, validate=OneOf(OPEN_IN_ORDER))
    agent = fields.String(load_default=None, validate=Length(max=80))
    received_from = Day()
    received_to = Day()
    late = fields.Boolean(load_default=False)
    sort = fields.String(load_default=None, validate=OneOf(SORTS))
    size = fields.Integer(load_default=SIZES[0], validate=OneOf(SIZES))
    cursor = fields.String(load_default=None, validate=Length(max=200))
    cherche = fields.String(load_default=None, validate=Length(max=2_000))


_FILTERS: Final = Filters()
_NOTHING_TYPED: Final = _FILTERS.load({})


class Search(Filters):
    """The same, with a name, an e-mail or a telephone as somebody typed it."""

    applicant = fields.String(load_default=None, validate=Length(max=LONGEST_NAME))


class Wanted(msgspec.Struct):
    """The criteria of one list as the page shows them; ``applicant`` is what was searched for, in clear."""

    section: str
    typed: dict[str, Any]
    applicant: str | None

    @property
    def criteria(self) -> Criteria:
        """The question to the read models."""
        typed, start_of = self.typed, frame.calendar().start_of
        first, last = typed["received_from"], typed["received_to"]
        return Criteria(
            section=self.section,
            reference=typed["reference"],
            procedure=typed["procedure"],
            service=typed["service"],
            status=typed["status"],
            agent=typed["agent"],
            received_from=start_of(first) if first else None,
            received_before=start_of(last + timedelta(1)) if last else None,
            late=typed["late"],
            words=(self.applicant,) if self.applicant else None,
            sort=typed["sort"],
            size=typed["size"],
            cursor=typed["cursor"],
        )

    @property
    def shown(self) -> dict[str, Any]:
        """The criteria that are set, by name."""
        return {name: value for name in CHIPS if (value := self.applicant_or(name))}

    def applicant_or(self, name: str) -> Any:
        """One criterion; the name searched for stands beside the others."""
        return self.applicant if name == "applicant" else self.typed[name]

    def chips(self, address: str) -> Iterator[tuple[str, str, str]]:
        """The criteria that are set: label, value, and the address of the list without it."""
        for name, value in self.shown.items():
            label = CHIPS[name] if name == "late" else f"{CHIPS[name]}\u00a0:"
            without = self.typed | {"cherche" if name == "applicant" else name: None}
            yield label, _said(name, value), url_for(address, **in_address(without))


def read(section: str, typed: Any, default_sort: str) -> Wanted:
    """The criteria in an address; raises Invalid for what cannot be one, or a search of another session."""
    loaded = dict(_NOTHING_TYPED) if not typed else _FILTERS.load(typed)
    loaded["sort"] = loaded["sort"] or default_sort
    if loaded["sort"] not in sorts_of(section):
        raise Invalid({"sort": ["Cette liste n’est pas triée ainsi."]})
    require_order(loaded["received_from"], loaded["received_to"], "received_from")
    loaded["reference"] = written(loaded["reference"])
    return Wanted(section, loaded, opened(loaded["cherche"]))


def nothing(section: str, default_sort: str) -> Wanted:
    """No criteria: what a page falls back on when those in its address are faulty."""
    return read(section, {}, default_sort)


def written(reference: str | None) -> str | None:
    """A reference as it is stored, also from its number alone; what cannot be one stays as typed and finds nothing."""
    if not reference:
        return None
    try:
        return with_number(reference) or read_reference(reference)
    except UnknownDemand:
        return reference


def is_reference(typed: str) -> bool:
    """Whether a text has the shape of a reference, be it miscopied; any other may be a citizen's name."""
    try:
        return looks_whole(typed) or number_in(typed) is not None
    except MiscopiedReference:
        return True


def is_miscopied(reference: str | None) -> bool:
    """Whether the check character of a reference, or of its number alone, is wrong."""
    try:
        if number_in(reference or "") is None:
            read_reference(reference or "")
    except MiscopiedReference:
        return True
    except UnknownDemand:
        return False
    return False


def sealed(applicant: str) -> str:
    """What was searched for, as it may stand in an address."""
    return seal(applicant, PURPOSE, key_of_session())


def opened(cherche: str | None) -> str | None:
    """What was searched for; raises Invalid when another session sealed it."""
    if not cherche:
        return None
    applicant = unseal(cherche, PURPOSE, key_of_session())
    if not applicant:
        raise Invalid({"applicant": ["Cette recherche par nom date d’une autre session\u00a0: tapez-la de nouveau."]})
    return applicant


def in_address(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Criteria as an address carries them: only those that are set, never the cursor."""
    kept = {name: value for name, value in typed.items() if value and name not in ("cursor", "applicant")}
    if kept.get("size") == SIZES[0]:
        del kept["size"]
    return {name: "1" if value is True else str(value) for name, value in kept.items()}


def _said(name: str, value: Any) -> str:
    if name == "late":
        return ""
    if name == "status":
        return status_label(Status(value))
    if name == "procedure":
        definition = people.definitions().get(value)
        return definition.title if definition else value
    if name == "agent":
        return people.name_of(value)
    return day(value) if isinstance(value, date) else str(value)
