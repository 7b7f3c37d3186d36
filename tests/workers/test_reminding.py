"""P9: a reminder fires once per occurrence whatever the number of clocks; one letter per agent and run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete

from domain.demand import Demand
from domain.instants import micros
from domain.timetable import Timetable
from domain.townhall import Settings
from projections.overdue import Overdue
from store.followers import REMINDERS, followers
from suivi.founding import found
from suivi.serving import worker_parts
from tests.databases import KINDS
from tests.workers.occasions import CIVIL, TownOfOccasions, references_in
from workers import telling
from workers.clock import remind_at_hours
from workers.delivery import Deliverer
from workers.reminding import RUN, due_reminders, remind, run
from workers.sweep import expire_letters
from workers.telling import are_untold

LATE = timedelta(days=16)
"""The civil registry takes charge within 15 days, and the town hall opens on a Monday, 8:00 UTC, 9:00 in Paris."""


@pytest.fixture(params=KINDS)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TownOfOccasions]:
    town = TownOfOccasions(tmp_path / "var", request.param)
    town.revise("AEN", take_delay_days=15, close_delay_days=30, delay_calendar="calendar")
    yield town
    town.close()


def occurrences(town: TownOfOccasions, reference: str) -> list[tuple[str, datetime, tuple[str, ...]]]:
    return [(fact.kind, fact.occurrence, fact.agents) for fact in town.facts(reference, Demand.Reminded)]


def test_a_run_records_each_demand_and_writes_each_agent_once(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(5)]
    town.clock.now += LATE + timedelta(days=1)
    assert len(due_reminders(town.occasions, town.clock())) == 5
    assert len(remind(town.occasions, town.clock())) == 5
    wednesday = datetime(2027, 3, 17, 7, tzinfo=UTC)
    for reference in references:
        assert occurrences(town, reference) == [("untreated", wednesday, ("camille", "sacha"))]
    assert town.told("reminder") == {"camille": 1, "sacha": 1}
    first, second = town.deliver(town.letters("reminder"))
    assert sorted(references_in(first)) == sorted(references_in(second)) == sorted(references)
    assert first["Subject"] == "Suivi : 5 demandes en retard"
    assert remind(town.occasions, town.clock()) == []
    assert due_reminders(town.occasions, town.clock()) == []


def test_nothing_of_the_citizen_is_in_a_letter_to_agents(town: TownOfOccasions) -> None:
    town.town.submit(last_name="Zébulon", first_name="Marinette", email="zebulon@example.org")
    town.clock.now += LATE + timedelta(days=1)
    remind(town.occasions, town.clock())
    town.tick()
    for message in town.deliver([*town.letters("reminder"), *town.letters("new_demand")]):
        assert not [word for word in ("bulon", "Marinette", "example.org") if word in message.as_string()]


def test_the_owner_is_reminded_and_nobody_of_what_waits(town: TownOfOccasions) -> None:
    mine, held = town.town.submit(), town.town.submit()
    for reference in (mine, held):
        town.act(reference, "camille", "take_in_charge")
    town.act(held, "camille", "put_on_hold", "autre")
    town.clock.now += timedelta(days=32)
    (told,) = remind(town.occasions, town.clock())
    assert (told.reminder.reference, told.reminder.kind, told.agents) == (mine, "in_progress", ("camille",))
    assert occurrences(town, held) == []


def test_the_town_s_period_reaches_the_procedures_that_suivi_ships(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    town.settle(reminder_every_days=2, reminder_times=Timetable(tuple(range(1, 8))))
    first = town.clock() + LATE + timedelta(days=1)
    for days in (0, 1, 2, 3):
        town.clock.now = first + timedelta(days=days)
        remind(town.occasions, town.clock())
    named = [at for _, at, _ in occurrences(town, reference)]
    assert [after - before for before, after in pairwise(named)] == [timedelta(days=2)] * 2
    town.revise("AEN", reminder_every_days=1)
    town.clock.now += timedelta(days=3)
    remind(town.occasions, town.clock())
    assert occurrences(town, reference)[-1][1].date() == town.clock().date()


def test_a_founded_town_keeps_the_period_it_has(town: TownOfOccasions) -> None:
    town.revise("AEN", reminder_every_days=7)
    found(town.installation.office, town.town.command("system:init"), Settings(name="Autre"))
    assert town.installation.office.directory.definition("AEN").reminder_every_days == 7


def test_a_reminder_that_waited_two_days_for_a_mail_server_is_of_no_use(town: TownOfOccasions) -> None:
    town.town.submit(email=None)
    town.clock.now += LATE + timedelta(days=1)
    remind(town.occasions, town.clock())
    parts = worker_parts(town.installation, "http://127.0.0.1", town.transport)
    town.clock.now += timedelta(days=2) - timedelta(seconds=1)
    assert expire_letters(parts, Deliverer(parts), town.clock()) == 0
    town.clock.now += timedelta(seconds=1)
    assert expire_letters(parts, Deliverer(parts), town.clock()) == 2
    assert {(mail.state, mail.why, mail.letter) for mail in town.letters("reminder")} == {("failed", "expired", None)}
    assert not [mail for mail in town.letters("reminder") if town.has_key(mail.mail_id)]
    assert town.transport.sent == []


def test_who_left_is_replaced_by_the_head_then_by_the_administrators(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    town.act(reference, "camille", "take_in_charge")
    town.leave("camille")
    town.clock.now += timedelta(days=32)
    (told,) = due_reminders(town.occasions, town.clock())
    assert told.agents == ("dominique",)
    town.join("noa", CIVIL, role="head")
    (told,) = due_reminders(town.occasions, town.clock())
    assert told.agents == ("noa",)


def test_three_clocks_at_once_remind_once(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(40)]
    town.clock.now += LATE + timedelta(days=1)
    with ThreadPoolExecutor(3) as pool:
        runs_ = [pool.submit(remind, town.occasions, town.clock()) for _ in range(3)]
        recorded = [told.reminder.reference for run in runs_ for told in run.result()]
    assert sorted(recorded) == sorted(references)
    assert all(len(occurrences(town, reference)) == 1 for reference in references)
    assert town.told("reminder") == {"camille": 1, "sacha": 1}


def test_an_agent_who_takes_a_demand_during_the_run_is_not_reminded_of_it(
    town: TownOfOccasions, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, other = town.town.submit(), town.town.submit()
    town.clock.now += LATE + timedelta(days=1)
    append, raced = town.installation.register.append, []

    def overtaken(*arguments: object, **named: object) -> None:
        if not raced:
            raced.append(1)
            town.act(taken, "camille", "take_in_charge")
        append(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(town.installation.register, "append", overtaken)
    (told,) = remind(town.occasions, town.clock())
    assert told.reminder.reference == other
    assert occurrences(town, taken) == []


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Overdue.reminders, "__defaults__", (2,))
    monkeypatch.setattr(telling, "_PAGE", 2)


@pytest.mark.usefixtures("pages_of_two")
def test_a_run_of_many_pages_writes_each_agent_once(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(5)]
    town.clock.now += LATE + timedelta(days=1)
    assert len(remind(town.occasions, town.clock())) == 5
    assert all(len(occurrences(town, reference)) == 1 for reference in references)
    assert town.told("reminder") == {"camille": 1, "sacha": 1}
    for message in town.deliver(town.letters("reminder")):
        assert references_in(message) == sorted(references)


@pytest.mark.usefixtures("pages_of_two")
def test_a_run_that_dies_between_two_pages_is_finished_by_any_clock_in_one_letter(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(5)]
    town.clock.now += LATE + timedelta(days=1)
    dying = run(town.occasions, town.clock())
    next(dying)
    dying.close()
    assert sum(len(occurrences(town, reference)) for reference in references) == 2
    assert town.told("reminder") == {}
    assert remind_at_hours(town.occasions, town.clock())
    assert all(len(occurrences(town, reference)) == 1 for reference in references)
    assert town.told("reminder") == {"camille": 1, "sacha": 1}
    for message in town.deliver(town.letters("reminder")):
        assert references_in(message) == sorted(references)


def test_reminders_recorded_after_the_towns_hour_are_told_though_their_run_died(town: TownOfOccasions) -> None:
    town.clock.now += LATE + timedelta(days=1)
    assert remind_at_hours(town.occasions, town.clock())
    told, taken = town.town.submit(), town.town.submit()
    town.revise("AEN", take_delay_days=1)
    town.clock.now += timedelta(days=5)
    town.occasions.sweeps.advance(RUN, micros(town.clock()))
    dying = run(town.occasions, town.clock())
    assert len([next(dying), next(dying)]) == 2
    dying.close()
    town.act(taken, "camille", "take_in_charge")
    assert remind_at_hours(town.occasions, town.clock())
    assert not remind_at_hours(town.occasions, town.clock())
    for message in town.deliver(town.letters("reminder")):
        assert (references_in(message), message["Subject"]) == ([told], "Suivi : 1 demande en retard")


def test_an_upgraded_town_is_not_told_again_of_what_was_told(town: TownOfOccasions) -> None:
    """Earlier versions queued letters together with the facts, and had no such follower."""
    town.town.submit()
    town.clock.now += LATE + timedelta(days=1)
    remind(town.occasions, town.clock())
    with town.installation.stores.events.begin() as connection:
        connection.execute(delete(followers).where(followers.c.follower == REMINDERS))
    assert not are_untold(town.occasions, town.clock())
    assert remind(town.occasions, town.clock()) == []
    assert town.told("reminder") == {"camille": 1, "sacha": 1}


def test_the_clock_reminds_at_the_towns_hours_only_and_a_late_one_catches_up_once(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    town.tick()
    town.clock.now = datetime(2027, 3, 17, 6, 59, 59, tzinfo=UTC)
    assert "reminders" in town.tick()
    assert occurrences(town, reference) == []
    town.clock.now = datetime(2027, 4, 2, 11, tzinfo=UTC)
    assert remind_at_hours(town.occasions, town.clock())
    assert not remind_at_hours(town.occasions, town.clock() + timedelta(hours=1))
    assert [at for _, at, _ in occurrences(town, reference)] == [datetime(2027, 3, 31, 6, tzinfo=UTC)]


def test_a_clock_that_jumps_ahead_and_back_repeats_nothing_and_goes_on(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    ahead, home = datetime(2031, 1, 6, 12, tzinfo=UTC), datetime(2027, 3, 17, 7, tzinfo=UTC)
    for moment in (home, ahead, home, home + timedelta(minutes=1), home - timedelta(days=3), home):
        town.clock.now = moment
        remind_at_hours(town.occasions, moment)
    assert len(occurrences(town, reference)) == 2
    town.clock.now = home + timedelta(days=7)
    assert remind_at_hours(town.occasions, town.clock())
    assert occurrences(town, reference)[-1][1] == home + timedelta(days=7)


def test_an_agent_without_an_address_is_seen_as_not_told_and_can_be_told_later(town: TownOfOccasions) -> None:
    town.town.submit()
    town.installation.credentials.set_email("sacha", None)
    town.clock.now += LATE + timedelta(days=1)
    remind(town.occasions, town.clock())
    (letter,) = [mail for mail in town.letters("reminder") if mail.agent == "sacha"]
    with pytest.raises(AssertionError):
        town.deliver([letter])
    (letter,) = [mail for mail in town.letters("reminder") if mail.agent == "sacha"]
    assert (letter.state, letter.why) == ("failed", "no_address")
    town.installation.credentials.set_email("sacha", "sacha@mairie.example")
    assert town.installation.outbox.resend(letter.mail_id, town.clock())
    assert town.deliver([letter])[0]["To"] == "sacha@mairie.example"
    assert not town.has_key(letter.mail_id)
