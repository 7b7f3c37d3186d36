"""An untreated demand is warned of, then deleted; whoever takes it in charge cancels both."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.definition import Definition
from domain.delays import Calendar
from domain.demand import Demand
from domain.expiry import Ending, deadline, ending, fading
from domain.joint import save_together
from domain.letters import LetterKind
from domain.ports import LostRace
from domain.references import demand_id
from tests.domain.town import NOON, Town
from tests.histories import Step, given, submitted, take_in_charge

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = Calendar(PARIS, lambda _: False)
PROCEDURE = Definition("AEN", "Acte de naissance", "État civil", deletion_delay_days=60)
WARNINGS = (30, 7)


def paris(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=PARIS).astimezone(UTC)


RECEIVED = submitted.at(paris(3, 1))
LAST = paris(4, 30)


def found(*steps: Step, now: datetime, definition: Definition = PROCEDURE) -> Ending | None:
    one = fading(given(*steps).facts)
    return None if one is None else ending(one, definition, WARNINGS, CALENDAR, now)


def warned(days: int, last: datetime = LAST) -> Step:
    return Step(lambda demand: demand.warn_of_expiry(last, days, ["camille"]), actor="system:expire").at(paris(4, 1))


def test_the_deadline_counts_in_the_procedures_own_days() -> None:
    assert deadline(paris(3, 1), PROCEDURE, CALENDAR) == LAST
    working = msgspec.structs.replace(PROCEDURE, delay_calendar="working", deletion_delay_days=5)
    assert deadline(paris(3, 5), working, CALENDAR) == paris(3, 12)
    assert deadline(paris(3, 1), msgspec.structs.replace(PROCEDURE, deletion_delay_days=None), CALENDAR) is None


@pytest.mark.parametrize(
    ("now", "days_before", "days_left"),
    [
        (paris(3, 31), 30, 30),
        (paris(4, 2), 30, 28),
        (paris(4, 23), 7, 7),
        (paris(4, 29), 7, 1),
        (paris(4, 30, 8), 7, 0),
    ],
)
def test_the_latest_warning_due_is_given(now: datetime, days_before: int, days_left: int) -> None:
    one = found(RECEIVED, now=now)
    assert one is not None
    assert (one.days_before, one.days_left, one.deadline, one.over) == (days_before, days_left, LAST, False)


def test_a_warning_is_given_once_and_none_older_follows_it() -> None:
    assert found(RECEIVED, warned(30), now=paris(4, 22)) is None
    assert found(RECEIVED, warned(7), now=paris(4, 10)) is None
    seventh = found(RECEIVED, warned(30), now=paris(4, 23))
    assert seventh is not None
    assert seventh.days_before == 7


def test_another_deadline_is_warned_of_anew() -> None:
    other = found(RECEIVED, warned(30, paris(5, 30)), now=paris(4, 1))
    assert other is not None
    assert other.days_before == 30


def test_before_the_first_warning_nothing_happens_and_at_the_deadline_the_demand_is_over() -> None:
    assert found(RECEIVED, now=paris(3, 31, 8)) is None
    over = found(RECEIVED, warned(30), warned(7), now=LAST)
    assert over is not None
    assert over.over


def test_no_warning_precedes_the_demand_itself() -> None:
    short = msgspec.structs.replace(PROCEDURE, deletion_delay_days=20)
    assert found(RECEIVED, now=paris(3, 2), definition=short) is None
    seventh = found(RECEIVED, now=paris(3, 14), definition=short)
    assert seventh is not None
    assert seventh.days_before == 7


def test_who_takes_the_demand_in_charge_cancels_its_deletion() -> None:
    assert found(RECEIVED, take_in_charge.at(paris(4, 29)), now=paris(12, 1)) is None


def test_a_deletion_erases_like_a_closure_and_tells_the_citizen(town: Town) -> None:
    reference = town.receive().reference
    with town.machine(reference, "expire") as demand:
        demand.expire("deletion_delay", NOON, ("Supprimée", "Bonjour"))
    assert town.names(reference)[-3:] == ["Expired", "MailRequested", "PersonalDataErased"]
    (letter,) = town.letters(reference, LetterKind.DELETION)
    assert (letter.recipient, letter.subject) == ("marie@exemple.fr", "Supprimée")
    assert demand_id(reference) not in town.keyring.keys([demand_id(reference)])
    receipt = next(mail for mail in town.history.letters.values() if mail.kind == LetterKind.REGISTRATION_RECEIPT)
    farewell = next(mail for mail in town.history.letters.values() if mail.kind == LetterKind.DELETION)
    assert receipt.kept_until < farewell.kept_until


def test_many_demands_end_together_or_not_at_all(town: Town) -> None:
    references = [town.receive().reference for _ in range(3)]
    handles = []
    for reference in references:
        with town.machine(reference, "expire") as handle:
            handles.append(handle)
    with town.hands("camille", references[1]) as demand:
        demand.take_in_charge()
    for handle in handles:
        handle.expire("deletion_delay", NOON)
    with pytest.raises(LostRace):
        save_together(town.office, handles, [], NOON)
    assert [town.demand(reference).erased_at for reference in references] == [None] * 3
    ids = [demand_id(reference) for reference in references]
    assert set(town.keyring.keys(ids)) == set(ids)
    assert isinstance(town.facts(references[1])[-1], Demand.Event)
