"""The criteria of the API's lists: blanks are no criterion, days are inclusive and local to the town."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from marshmallow import pre_load, validate

from domain.definition import CODE
from domain.status import Status
from projections.statistics import BY
from web import frame
from web.answer_fields import Day, Line, given, says
from web.forms import FrenchSchema, OneOf, fields

MOST: Final = 500
USUAL: Final = 50
_LONGEST_CURSOR: Final = 300
_YEARS: Final = ("1900", "2999")


class LocalDay(Day):
    """A day of the town, within centuries that calendars agree on."""

    default_error_messages = says(far=f"Une date entre {_YEARS[0]} et {_YEARS[1]}.")

    def check(self, text: str) -> None:
        """The day exists and is near enough."""
        super().check(text)
        if not _YEARS[0] <= text[:4] <= _YEARS[1]:
            raise self.make_error("far")


class Query(FrenchSchema):
    """Query parameters; one that nothing here reads is refused, as the answer would not be what was asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        names = ", ".join(sorted(field.data_key or name for name, field in self.fields.items()))
        self.error_messages = {**self.error_messages, "unknown": f"Critère inconnu ; ceux d’ici sont : {names}."}

    @pre_load
    def leave_blanks_out(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """``?status=`` asks for nothing."""
        return {name: data[name] for name in data if given(data[name])}


class Paged(Query):
    """How much of a list, and from where."""

    limit = fields.Integer(load_default=USUAL, validate=validate.Range(1, MOST, error="De {min} à {max}."))
    cursor = Line(_LONGEST_CURSOR, load_default=None)


class DemandsQuery(Paged):
    """What ``GET /demands`` may be asked for."""

    status = fields.String(load_default=None, validate=OneOf(list(Status)))
    procedure = Line(40, CODE.pattern, load_default=None)
    service = Line(200, load_default=None)
    agent = Line(40, load_default=None)
    received_from = LocalDay(load_default=None, metadata={"format": "date"})
    received_to = LocalDay(load_default=None, metadata={"format": "date"})
    late = fields.Boolean(load_default=None, error_messages={"invalid": "« true » ou « false »."})


class JournalQuery(Paged):
    """What ``GET /journal`` may be asked for."""

    procedure = Line(40, CODE.pattern, load_default=None)
    service = Line(200, load_default=None)
    agent = Line(40, load_default=None)
    closed_from = LocalDay(load_default=None, metadata={"format": "date"})
    closed_to = LocalDay(load_default=None, metadata={"format": "date"})


class StatisticsQuery(Query):
    """What ``GET /statistics`` may be asked for."""

    first = LocalDay(load_default=None, data_key="from", metadata={"format": "date"})
    last = LocalDay(load_default=None, data_key="to", metadata={"format": "date"})
    by = fields.String(load_default=None, validate=OneOf(BY))


def day(text: str | None) -> date | None:
    """The local day."""
    return date.fromisoformat(text) if text else None


def beginning(text: str | None) -> datetime | None:
    """The first instant of a local day, where a list begins."""
    return frame.calendar().start_of(date.fromisoformat(text)) if text else None


def end(text: str | None) -> datetime | None:
    """The first instant after a local day, which the list does not hold any more."""
    return frame.calendar().start_of(date.fromisoformat(text) + timedelta(1)) if text else None
