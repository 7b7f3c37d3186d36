"""Demands that nobody took are warned of, then deleted like a closure; agents and citizens are told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.demand import Demand
from domain.references import demand_id
from domain.status import Status
from suivi.serving import worker_parts
from tests.databases import KINDS
from tests.workers.occasions import TownOfOccasions, references_in
from workers.expiring import due_endings, expire
from workers.sweep import finish_erasures


@pytest.fixture(params=KINDS)
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TownOfOccasions]:
    town = TownOfOccasions(tmp_path / "var", request.param)
    town.revise("AEN", deletion_delay_days=60, delay_calendar="calendar")
    yield town
    town.close()


def test_two_warnings_then_the_end(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    for days, left in ((29, None), (30, 30), (31, None), (53, 7), (59, None)):
        now = town.clock() + timedelta(days=days)
        told = expire(town.occasions, now)
        assert [one.ending.days_left for one in told] == ([] if left is None else [left]), days
    assert [fact.days_before for fact in town.facts(reference, Demand.ExpiryWarned)] == [30, 7]
    assert town.told("deletion_warning") == {"camille": 2, "sacha": 2}
    town.clock.move(days=60)
    (told,) = expire(town.occasions, town.clock())
    assert told.ending.over
    names = [fact.name for fact in town.installation.register.facts(demand_id(reference))]
    assert names[-3:] == ["Expired", "MailRequested", "PersonalDataErased"]
    assert not town.has_key(demand_id(reference))
    assert town.installation.office.dossier(reference, None).demand.status is Status.DELETED
    assert expire(town.occasions, town.clock()) == []


def test_the_agents_and_the_citizen_read_of_a_deletion(town: TownOfOccasions) -> None:
    references = [town.town.submit() for _ in range(3)]
    town.clock.move(days=60)
    expire(town.occasions, town.clock())
    assert town.told("deletion_notice") == {"camille": 1, "sacha": 1}
    (notice, _) = town.deliver(town.letters("deletion_notice"))
    assert sorted(references_in(notice)) == sorted(references)
    messages = town.deliver(town.letters("deletion"))
    assert {message["To"] for message in messages} == {"marie.dubois@example.org"}
    assert "supprimée" in messages[0].get_content()
    assert not [mail for mail in town.letters("deletion") if town.has_key(mail.mail_id)]


def test_without_anybody_with_rights_the_administrators_are_told(town: TownOfOccasions) -> None:
    for code in ("camille", "sacha"):
        town.leave(code)
    town.town.submit()
    for days in (30, 30):
        town.clock.move(days=days)
        expire(town.occasions, town.clock())
    assert (town.told("deletion_warning"), town.told("deletion_notice")) == ({"dominique": 1}, {"dominique": 1})


def test_a_citizen_without_an_address_is_not_written_to(town: TownOfOccasions) -> None:
    reference = town.town.submit(email=None)
    town.clock.move(days=60)
    expire(town.occasions, town.clock())
    assert [fact.name for fact in town.installation.register.facts(demand_id(reference))] == [
        "Submitted",
        "Expired",
        "PersonalDataErased",
    ]


def test_looking_changes_nothing(town: TownOfOccasions) -> None:
    reference = town.town.submit()
    town.clock.move(days=60)
    assert len(due_endings(town.occasions, town.clock())) == 1
    assert town.facts(reference, Demand.Expired) == []


def test_who_takes_a_demand_at_the_last_moment_keeps_it(town: TownOfOccasions, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = town.town.submit(), town.town.submit()
    town.clock.move(days=60)
    append, raced = town.installation.register.append, []

    def overtaken(*arguments: object, **named: object) -> None:
        if not raced:
            raced.append(1)
            town.act(taken, "camille", "take_in_charge")
        append(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(town.installation.register, "append", overtaken)
    (told,) = expire(town.occasions, town.clock())
    assert told.ending.reference == other
    assert town.has_key(demand_id(taken))


def test_a_key_that_survives_a_crash_right_after_the_deletion_goes_with_the_sweep(
    town: TownOfOccasions, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = town.town.submit()
    town.clock.move(days=60)
    with monkeypatch.context() as patch:
        patch.setattr(town.installation.keyring, "destroy", lambda *_: 1 / 0)
        expire(town.occasions, town.clock())
    assert town.has_key(demand_id(reference))
    finish_erasures(worker_parts(town.installation, "http://127.0.0.1", None), town.clock())
    assert not town.has_key(demand_id(reference))
