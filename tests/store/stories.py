"""Facts to store: one small demand and its letter."""

from datetime import timedelta
from uuid import UUID

from domain.demand import Demand
from domain.facts import Command, Fact
from domain.ports import Outgoing
from domain.references import demand_id
from tests.histories import MORNING, REFERENCE, SEALED, given, put_on_hold, submitted, take_in_charge

IDENTITY = demand_id(REFERENCE)
FACTS: list[Fact] = given(submitted, take_in_charge, put_on_hold).facts
FIRST = FACTS[:1]


def letter(number: int = 7, box: bytes = b"box") -> Outgoing:
    """A letter to record with a fact."""
    return Outgoing(UUID(int=number), IDENTITY, "contact", box, MORNING, MORNING + timedelta(days=7))


def another(reference: str) -> list[Fact]:
    """The first fact of another demand."""
    demand = Demand.submit(
        Command("api:site", MORNING, "other"),
        reference,
        procedure="AEN",
        form_version=1,
        service="État civil",
        channel="internet",
        has_email=True,
        applicant=SEALED,
        answers=SEALED,
    )
    return list(demand.collect_events())  # type: ignore[arg-type]  # the library's wider event type
