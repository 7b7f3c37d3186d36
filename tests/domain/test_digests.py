"""A letter that brings reminders names the demands late for longest, counts them all, and leads to the list."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.digests import Digests
from domain.longest import Longest
from domain.notices import MOST_LINES, Stationery
from domain.recipients import Colleague, Staff
from domain.reminders import IN_PROGRESS, UNTREATED, Reminder
from domain.rights import Rights, Role

DUE = datetime(2027, 3, 1, 9, tzinfo=UTC)
STAFF = Staff(
    Colleague(code, code.title(), active=True, rights=Rights(frozenset({role})))
    for code, role in (("lea", Role.HEAD), ("ada", Role.ADMIN))
)
DIGESTS = Digests(Stationery("Mairie", ZoneInfo("Europe/Paris"), "https://suivi.example"), STAFF, str.title)


def late(number: int, kind: str = UNTREATED, owner: str | None = None) -> Reminder:
    since = DUE + timedelta(minutes=number)
    return Reminder(UUID(int=number), f"REF-{number:04d}", "aen", kind, owner, since, since, since)


def longest(*reminders: Reminder) -> Longest:
    found = Longest()
    for reminder in Random(3).sample(reminders, len(reminders)):
        found.add(reminder)
    return found


def test_those_late_for_longest_are_named_in_their_order_and_all_are_counted() -> None:
    found = longest(*(late(number) for number in range(MOST_LINES + 7)))
    assert [one.reference for one in found.shown] == [f"REF-{number:04d}" for number in range(MOST_LINES)]
    assert (found.number, found.unnamed) == (MOST_LINES + 7, 7)


@pytest.mark.parametrize(
    ("kind", "owner", "page"),
    [(UNTREATED, None, "non-traitees"), (IN_PROGRESS, "lea", "en-cours"), (IN_PROGRESS, "gone", "service")],
)
def test_a_long_letter_leads_to_the_list_of_the_others(kind: str, owner: str | None, page: str) -> None:
    notice = DIGESTS.reminder("lea", {kind: longest(*(late(number, kind, owner) for number in range(MOST_LINES + 7)))})
    assert notice.subject == f"Suivi : {MOST_LINES + 7} demandes en retard"
    assert notice.body.count("\n- REF-") == MOST_LINES
    assert f"… et 7 autres : https://suivi.example/demandes/{page}?late=1&sort=due\n" in notice.body


def test_one_demand_of_somebody_else_leads_to_the_whole_service() -> None:
    own = [late(number, IN_PROGRESS, "lea") for number in range(MOST_LINES + 6)]
    notice = DIGESTS.reminder("lea", {IN_PROGRESS: longest(*own, late(9_999, IN_PROGRESS, "max"))})
    assert "… et 7 autres : https://suivi.example/demandes/service?late=1&sort=due\n" in notice.body


def test_who_has_no_list_of_demands_is_led_to_none() -> None:
    notice = DIGESTS.reminder("ada", {UNTREATED: longest(*(late(number) for number in range(MOST_LINES + 7)))})
    assert "… et 7 autres, dans Suivi." in notice.body
    assert "late=1" not in notice.body


def test_a_short_letter_names_every_demand_what_nobody_took_first() -> None:
    notice = DIGESTS.reminder("lea", {IN_PROGRESS: longest(late(1, IN_PROGRESS, "lea")), UNTREATED: longest(late(2))})
    assert notice.subject == "Suivi : 2 demandes en retard"
    assert notice.body.index("REF-0002") < notice.body.index("REF-0001")
    assert "autre" not in notice.body
