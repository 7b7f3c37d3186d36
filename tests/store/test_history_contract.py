"""What the rules may expect of any history: the same tests on the fake in memory and on the register."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine

from domain.agent import Agent
from domain.demand import Demand
from domain.facts import Fact, fold
from domain.ports import History, LostRace
from domain.status import Status
from store.outbox import Outbox
from store.register import Register
from tests.databases import KINDS
from tests.fakes import MemoryHistory
from tests.histories import MORNING, REFERENCE
from tests.store.stories import FACTS, FIRST, IDENTITY, another, letter

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@dataclass
class Kept:
    """A history, and the letters that wait in it."""

    history: History
    letters: Callable[[], dict[UUID, bytes | None]]


def _letters(outbox: Outbox) -> dict[UUID, bytes | None]:
    return {mail.mail_id: mail.letter for mail in outbox.latest(100)}


@pytest.fixture
def kept(kind: str, request: pytest.FixtureRequest) -> Kept:
    """A history of each kind."""
    if kind == "memory":
        memory = MemoryHistory()
        return Kept(memory, lambda: {letter.mail_id: letter.letter for letter in memory.letters.values()})
    register: Register = request.getfixturevalue("register")
    events: Engine = request.getfixturevalue("events")
    return Kept(register, partial(_letters, Outbox(events)))


@pytest.mark.parametrize("kind", ["memory", *KINDS], indirect=True)
class TestHistory:
    """The contract of ``domain.ports.History``."""

    def test_nothing_happened_yet(self, kept: Kept) -> None:
        assert kept.history.load(Demand, IDENTITY) is None
        assert list(kept.history.facts(IDENTITY)) == []

    def test_histories_are_read_together_as_they_are_one_by_one(self, kept: Kept) -> None:
        other, unknown = another("ILE-7QK3-M2XD-H5T1"), UUID(int=1)
        kept.history.append(FACTS[:2])
        kept.history.append(other)
        kept.history.append(FACTS[2:])
        identities = [unknown, other[0].originator_id, IDENTITY, IDENTITY]
        read = kept.history.load_all(Demand, iter(identities))
        assert dict(read) == {one: kept.history.load(Demand, one) for one in identities if one != unknown}
        assert read[IDENTITY].version == len(FACTS)
        assert read[IDENTITY].status is Status.ON_HOLD
        assert not kept.history.load_all(Demand, [])
        assert not kept.history.load_all(Agent, identities)

    def test_what_was_recorded_is_read_in_order(self, kept: Kept) -> None:
        kept.history.append(FACTS[:2])
        kept.history.append(FACTS[2:])
        assert list(kept.history.facts(IDENTITY)) == FACTS

    @pytest.mark.parametrize(
        ("gt", "lte", "versions"), [(1, None, [2, 3]), (None, 2, [1, 2]), (1, 2, [2]), (3, None, [])]
    )
    def test_a_part_of_a_history(self, kept: Kept, gt: int | None, lte: int | None, versions: list[int]) -> None:
        kept.history.append(FACTS)
        assert [fact.originator_version for fact in kept.history.facts(IDENTITY, gt=gt, lte=lte)] == versions

    def test_a_subject_is_replayed(self, kept: Kept) -> None:
        kept.history.append(FACTS)
        demand = kept.history.load(Demand, IDENTITY)
        assert demand is not None
        assert (demand.status, demand.owner, demand.version) == (Status.ON_HOLD, "camille", 3)
        assert vars(demand) == vars(fold(FACTS))

    def test_each_load_is_a_fresh_subject(self, kept: Kept) -> None:
        kept.history.append(FACTS)
        first, second = kept.history.load(Demand, IDENTITY), kept.history.load(Demand, IDENTITY)
        assert first is not second

    def test_a_demand_is_no_agent(self, kept: Kept) -> None:
        kept.history.append(FIRST)
        assert kept.history.load(Agent, IDENTITY) is None

    def test_histories_do_not_mix(self, kept: Kept) -> None:
        other = another("ILE-7QK3-M2XD-H5T1")
        kept.history.append(FACTS)
        kept.history.append(other)
        assert list(kept.history.facts(other[0].originator_id)) == other

    def test_facts_of_two_subjects_in_one_append(self, kept: Kept) -> None:
        other = another("ILE-7QK3-M2XD-H5T1")
        kept.history.append([*FIRST, *other])
        assert kept.history.load(Demand, other[0].originator_id) is not None
        assert kept.history.load(Demand, IDENTITY) is not None

    @pytest.mark.parametrize("late", [FACTS[1:2], FACTS[1:], [*another("ILE-7QK3-M2XD-H5T1"), *FACTS[1:2]]])
    def test_the_second_to_record_a_version_loses_and_records_nothing(self, kept: Kept, late: list[Fact]) -> None:
        kept.history.append(FACTS[:2])
        with pytest.raises(LostRace):
            kept.history.append(late, outbox=[letter()], intake={KEY: REFERENCE})
        assert list(kept.history.facts(IDENTITY)) == FACTS[:2]
        assert list(kept.history.facts(late[0].originator_id)) in (FACTS[:2], [])
        assert kept.letters() == {}
        assert kept.history.references([KEY]) == {}

    def test_letters_and_intake_keys_are_recorded_with_the_facts(self, kept: Kept) -> None:
        kept.history.append(FIRST, outbox=[letter(7), letter(8)], intake={KEY: REFERENCE, OTHER_KEY: REFERENCE})
        assert kept.letters() == {UUID(int=7): b"box", UUID(int=8): b"box"}
        assert kept.history.references([KEY, OTHER_KEY, b"?"]) == {KEY: REFERENCE, OTHER_KEY: REFERENCE}
        assert kept.history.references([]) == {}

    def test_an_intake_key_known_already_is_a_lost_race(self, kept: Kept) -> None:
        kept.history.append(FIRST, intake={KEY: REFERENCE})
        other = another("ILE-7QK3-M2XD-H5T1")
        with pytest.raises(LostRace):
            kept.history.append(other, outbox=[letter()], intake={OTHER_KEY: "ILE", KEY: "ILE"})
        assert list(kept.history.facts(other[0].originator_id)) == []
        assert kept.history.references([KEY, OTHER_KEY]) == {KEY: REFERENCE}
        assert kept.letters() == {}

    def test_a_letter_recorded_twice_is_no_lost_race_and_keeps_its_first_text(self, kept: Kept) -> None:
        kept.history.append(FACTS[:2], outbox=[letter(7, b"first")])
        kept.history.append(FACTS[2:], outbox=[letter(7, b"second"), letter(8, b"third")])
        assert kept.letters() == {UUID(int=7): b"first", UUID(int=8): b"third"}
        assert len(kept.history.facts(IDENTITY)) == 3

    def test_instants_keep_their_microseconds(self, kept: Kept) -> None:
        kept.history.append(FIRST)
        (fact,) = kept.history.facts(IDENTITY)
        assert fact.timestamp == MORNING
        assert fact.timestamp.utcoffset() == MORNING.utcoffset()
