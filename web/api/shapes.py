"""The shapes of the API's answers, for the OpenAPI document; nothing personal has a place in them."""

from typing import Any

from marshmallow import Schema, fields, validate

from domain.definition import FieldType
from domain.references import EXAMPLE
from domain.status import Status
from projections.statistics import BY


def _code(**metadata: Any) -> fields.String:
    return fields.String(required=True, metadata=metadata)


def _maybe_code(**metadata: Any) -> fields.String:
    return fields.String(required=True, allow_none=True, metadata=metadata)


def _instant() -> fields.DateTime:
    return fields.DateTime(required=True)


def _maybe_instant() -> fields.DateTime:
    return fields.DateTime(required=True, allow_none=True)


def _status() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(list(Status)))


class Problem(Schema):
    """A refusal (RFC 9457): what is wrong, and for validation the messages of each field by its dotted path."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class Receipt(Schema):
    """What a demand's sender may keep; the same each time it is sent again."""

    reference = _code(example=EXAMPLE)
    status = fields.String(required=True, validate=validate.Equal(Status.UNTREATED))
    submitted_at = _instant()
    procedure = _code()
    service = _code()


class Listed(Schema):
    """A demand, open or finished; ``agent`` owns it, or is designated while nobody took it."""

    reference = _code()
    status = _status()
    procedure = _code()
    service = _code()
    agent = _maybe_code()
    channel = _code()
    submitted_at = _instant()
    taken_at = _maybe_instant()
    due_at = _maybe_instant()
    closed_at = _maybe_instant()


class OneDemand(Listed):
    """A demand and the number of its facts."""

    version = fields.Integer(required=True)


class DemandPage(Schema):
    """Some demands in the order of arrival; ``next`` is the cursor of the following ones."""

    items = fields.List(fields.Nested(Listed), required=True)
    next = _maybe_code()


class FactOfHistory(Schema):
    """One fact: what, when, by whom; sealed fields are left out of ``data``."""

    version = fields.Integer(required=True)
    kind = _code(example="TakenInCharge")
    at = _instant()
    actor = _code(example="agent:jdupont")
    agent = _maybe_code()
    data = fields.Dict(keys=fields.String(), required=True)


class History(Schema):
    """Every fact of a demand, the first one first."""

    items = fields.List(fields.Nested(FactOfHistory), required=True)


class AgentOfJournal(Schema):
    """An agent who treated a demand."""

    code = _code()
    name = _code()


class MilestoneOfJournal(Schema):
    """A step of a finished demand."""

    kind = _code()
    at = _instant()
    agent = _maybe_code()
    event_type = fields.String(metadata={"description": "Of EventAdded alone."})


class Finished(Schema):
    """A finished demand, as it stays for ever."""

    reference = _code()
    procedure = _code()
    service = _code()
    status = _status()
    outcome = _maybe_code()
    channel = _code()
    submitted_at = _instant()
    taken_at = _maybe_instant()
    closed_at = _instant()
    agents = fields.List(fields.Nested(AgentOfJournal), required=True)
    milestones = fields.List(fields.Nested(MilestoneOfJournal), required=True)


class JournalPage(Schema):
    """Some finished demands, the latest closed first."""

    items = fields.List(fields.Nested(Finished), required=True)
    next = _maybe_code()


class InTime(Schema):
    """How many were within the delay, or had one."""

    taken = fields.Integer(required=True)
    closed = fields.Integer(required=True)


class DelayShape(Schema):
    """A delay in seconds: nearest-rank percentiles within 1 %, exact mean; null when there is none."""

    count = fields.Integer(required=True)
    median_s = fields.Float(required=True, allow_none=True)
    p90_s = fields.Float(required=True, allow_none=True)
    mean_s = fields.Float(required=True, allow_none=True)


class FigureShape(Schema):
    """The figures of one period; ``open`` is the backlog at its end."""

    received = fields.Integer(required=True)
    taken = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    deleted = fields.Integer(required=True)
    open = fields.Integer(required=True)
    reminders = fields.Integer(required=True)
    in_time = fields.Nested(InTime, required=True)
    with_delay = fields.Nested(InTime, required=True)
    to_take = fields.Nested(DelayShape, required=True)
    to_close = fields.Nested(DelayShape, required=True)


class FigureOfKey(FigureShape):
    """The figures of one key; null stands for nobody."""

    key = _maybe_code()


class FiguresShape(Schema):
    """Totals of a range of local days, both included, and one row for each key."""

    from_ = fields.Date(required=True, data_key="from")
    to = fields.Date(required=True)
    by = fields.String(required=True, allow_none=True, validate=validate.OneOf([*BY, None]))
    totals = fields.Nested(FigureShape, required=True)
    rows = fields.List(fields.Nested(FigureOfKey), required=True)


class ChoiceShape(Schema):
    """One value to choose and its label."""

    value = _code()
    label = _code()


class ConditionShape(Schema):
    """The field is shown when an earlier one has this value, or one of these."""

    field = _code()
    equals = fields.Raw(required=True)


class QuestionShape(Schema):
    """One field of a form."""

    name = _code()
    label = _code()
    type = fields.String(required=True, validate=validate.OneOf(list(FieldType)))
    required = fields.Boolean(required=True)
    group = fields.String()
    help = fields.String()
    choices = fields.List(fields.Nested(ChoiceShape))
    show_if = fields.Nested(ConditionShape)
    max_length = fields.Integer()
    pattern = fields.String()
    min = fields.Float()
    max = fields.Float()


class ProcedureShape(Schema):
    """A procedure and the form in force."""

    code = _code()
    title = _code()
    description = fields.String()
    service = _code()
    version = fields.Integer(required=True)
    fields_ = fields.List(fields.Nested(QuestionShape), required=True, data_key="fields")


class Procedures(Schema):
    """Every procedure of the town hall."""

    items = fields.List(fields.Nested(ProcedureShape), required=True)
