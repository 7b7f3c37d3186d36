"""Agents hear of new demands exactly once, as they chose; both agents hear of a demand that changes hands (R51)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.demand import Demand
from domain.facts import Command
from domain.references import demand_id
from store.preferences import Information
from suivi.occasions import may_leave
from tests.databases import KINDS
from tests.workers.occasions import TownOfOccasions, references_in
from workers.informing import tell_daily, tell_news


@pytest.fixture(params=KINDS)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TownOfOccasions]:
    town = TownOfOccasions(tmp_path / "var", request.param)
    yield town
    town.close()


def test_a_new_demand_is_told_at_once_to_those_with_rights(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    assert tell_news(town.occasions, town.clock()) == 2
    assert tell_news(town.occasions, town.clock()) == 0
    assert town.told("new_demand") == {"camille": 1, "sacha": 1}
    message = town.deliver(town.letters("new_demand"))[0]
    assert references_in(message) == [reference]
    assert f"https://suivi.mairie.example/demandes/{reference}" in message.get_content()
    assert [mail.demand_id for mail in town.letters("new_demand")] == [demand_id(reference)] * 2


def test_no_fact_of_a_letter_to_agents_is_recorded(town: TownOfOccasions) -> None:
    reference = town.town.submit(email=None)
    tell_news(town.occasions, town.clock())
    town.deliver(town.letters("new_demand"))
    assert [fact.name for fact in town.installation.register.facts(demand_id(reference))] == ["Submitted"]


def test_a_burst_is_one_letter(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(30)]
    tell_news(town.occasions, town.clock())
    assert town.told("new_demand") == {"camille": 1, "sacha": 1}
    assert sorted(references_in(town.deliver(town.letters("new_demand"))[0])) == sorted(references)


def test_each_agent_chooses_procedure_by_procedure(town: TownOfOccasions) -> None:
    preferences = town.installation.preferences
    preferences.choose("camille", ["AEN"], Information.NONE)
    preferences.choose("sacha", ["AEN"], Information.DAILY)
    preferences.choose("sacha", ["AEM"], Information.AT_ONCE)
    assert preferences.of("sacha") == {"AEN": Information.DAILY, "AEM": Information.AT_ONCE}
    town.town.submit("AEN")
    tell_news(town.occasions, town.clock())
    assert town.letters("new_demand") == []
    town.town.submit("AEM")
    tell_news(town.occasions, town.clock())
    assert town.told("new_demand") == {"camille": 1, "sacha": 1}


def test_without_anybody_with_rights_the_administrators_are_told(town: TownOfOccasions) -> None:
    for code in ("camille", "sacha"):
        town.leave(code)
    town.town.submit()
    tell_news(town.occasions, town.clock())
    assert town.told("new_demand") == {"dominique": 1}


def test_the_daily_letter_holds_what_came_since_the_last_one(town: TownOfOccasions) -> None:
    town.installation.preferences.choose("sacha", ["AEN"], Information.DAILY)
    assert tell_daily(town.occasions, town.clock()) == 0
    first = [town.town.submit() for _ in range(2)]
    town.clock.move(hours=2)
    assert tell_daily(town.occasions, town.clock()) == 0
    town.clock.move(days=1)
    assert tell_daily(town.occasions, town.clock()) == 1
    assert tell_daily(town.occasions, town.clock()) == 0
    (letter,) = town.letters("daily_digest")
    assert references_in(town.deliver([letter])[0]) == first
    second = town.town.submit()
    town.clock.move(days=5)
    assert tell_daily(town.occasions, town.clock()) == 1
    assert references_in(town.deliver(town.letters("daily_digest")[1:])[0]) == [second]


def test_a_clock_set_back_repeats_no_demand(town: TownOfOccasions) -> None:
    town.installation.preferences.choose("sacha", ["AEN"], Information.DAILY)
    town.town.submit()
    town.clock.move(days=400)
    assert tell_daily(town.occasions, town.clock()) == 1
    town.clock.move(days=-399)
    assert tell_daily(town.occasions, town.clock()) == 0
    later = town.town.submit()
    town.clock.move(days=1)
    assert tell_daily(town.occasions, town.clock()) == 1
    (letter,) = [mail for mail in town.letters("daily_digest") if mail.queued_at == town.clock()]
    assert references_in(town.deliver([letter])[0]) == [later]


def test_both_agents_are_told_of_a_reassignment(town: TownOfOccasions) -> None:
    town.join("noa", "État civil", role="head")
    reference = town.town.submit(email=None)
    town.act(reference, "camille", "take_in_charge")
    town.act(reference, "noa", "reassign", "sacha", "note de Marie Dubois")
    tell_news(town.occasions, town.clock())
    assert town.told("reassignment") == {"camille": 1, "sacha": 1}
    for message in town.deliver(town.letters("reassignment")):
        assert "attribuée à Sacha (jusque-là : Camille)" in message.get_content()
        assert "par Noa" in message.get_content()
        assert "note de" not in message.get_content()


def test_who_takes_a_demand_over_needs_no_letter_about_it(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    town.act(reference, "camille", "take_in_charge")
    town.act(reference, "sacha", "reassign", "sacha")
    tell_news(town.occasions, town.clock())
    assert town.told("reassignment") == {"camille": 1}


def test_imported_histories_tell_nobody(town: TownOfOccasions) -> None:
    demand = Demand.submit(
        Command("api:import", town.clock(), "import:0a:0"),
        "AEN-7QK3-M2XD-H5T1",
        procedure="AEN",
        form_version=1,
        service="État civil",
        channel="desk",
        has_email=False,
        applicant=town.installation.keyring.passing().seal("x", b"y"),
        answers=town.installation.keyring.passing().seal("x", b"y"),
    )
    demand.under(Command("agent:camille", town.clock(), "import:0a:1")).take_in_charge(letters=False)
    demand.under(Command("agent:camille", town.clock(), "import:0a:2")).reassign("sacha")
    town.installation.register.append(list(demand.collect_events()))  # type: ignore[arg-type]
    assert tell_news(town.occasions, town.clock()) == 0
    town.clock.move(days=1)
    assert tell_daily(town.occasions, town.clock()) == 0


def test_four_followers_at_once_tell_each_demand_once(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        told = [pool.submit(tell_news, town.occasions, town.clock()) for _ in range(8)]
        assert sum(run.result() for run in told) == 2
    read = [references_in(message) for message in town.deliver(town.letters("new_demand"))]
    assert [sorted(references) for _ in range(2)] == list(map(sorted, read))


def test_a_follower_that_dies_before_it_moves_has_told_nothing(
    town: TownOfOccasions, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.town.submit()
    with monkeypatch.context() as patch:
        patch.setattr(town.installation.followers, "move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell_news(town.occasions, town.clock())
    assert town.letters("new_demand") == []
    assert tell_news(town.occasions, town.clock()) == 2
    ids: list[UUID] = [mail.mail_id for mail in town.letters("new_demand")]
    assert all(town.has_key(mail_id) for mail_id in ids)


def test_the_pace_of_the_town_is_kept(town: TownOfOccasions) -> None:
    town.settle(mails_per_minute=3)
    minute = town.clock()
    assert [may_leave(town.installation, minute) for _ in range(5)] == [True, True, True, False, False]
    assert may_leave(town.installation, minute + timedelta(minutes=1))
    assert may_leave(town.installation, minute)
    town.settle(mails_per_minute=0)
    assert all(may_leave(town.installation, minute) for _ in range(10))


def test_the_clock_has_all_these_jobs(town: TownOfOccasions) -> None:
    assert town.tick() == ["news", "daily digests", "reminders", "expiry"]
    assert town.tick() == []
