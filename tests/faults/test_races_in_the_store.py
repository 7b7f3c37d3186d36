"""P3 where it is decided: both have read the demand before either records, so that the store decides every race."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.bulk import JOB, Asked
from domain.errors import Overtaken
from domain.handle import DemandHandle
from domain.ports import LostRace
from store.operations import Operation
from suivi.compose import Installation
from suivi.opening import now
from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import Hall, by_hand, demands, taken
from tests.faults.letters import receive
from workers.operating import Operator

MEET_WITHIN_S = 30
SELECTED, SHARED = 6, 3
ACTIONS: dict[str, Callable[[DemandHandle], None]] = {
    "TakenInCharge": lambda demand: demand.take_in_charge(),
    "PutOnHold": lambda demand: demand.put_on_hold("autre", "un papier"),
    "Reassigned": lambda demand: demand.reassign("ana", "à toi"),
    "Closed": lambda demand: demand.close("traitee", "fini", ("Sujet", "Corps")),
}


@dataclass
class Hand:
    """An agent at an installation of his own, who waits for the other one before he records anything."""

    code: str
    installation: Installation
    door: Barrier
    lost: int = 0
    _arrived: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._append = self.installation.register.append
        self.installation.register.append = self._meet_and_append  # type: ignore[method-assign]  # the gate itself

    def _meet_and_append(self, *arguments: Any, **named: Any) -> None:
        if not self._arrived:
            self._arrived = True
            self.door.wait(MEET_WITHIN_S)
        try:
            self._append(*arguments, **named)
        except LostRace:
            self.lost += 1
            raise

    def begin(self) -> None:
        self._arrived = False

    def act(self, reference: str, action: Callable[[DemandHandle], None]) -> str | None:
        """Who was faster, if anybody was."""
        office = self.installation.office
        lea_or_max, command = office.directory.agent(self.code), by_hand(f"agent:{self.code}")
        try:
            with office.demand(reference, by=lea_or_max, command=command) as demand:
                action(demand)
        except Overtaken as refusal:
            return refusal.by
        return None

    def operate(self) -> None:
        """Carry out one of the operations that wait, whoever asked for it."""
        operations, keyring = self.installation.operations, self.installation.keyring
        operator = Operator(self.installation.office, operations, keyring, now)
        while not operator.turn():
            pass


@dataclass
class Race:
    """Léa and Max, and whoever prepares their demands and looks at what they left."""

    lea: Hand
    max: Hand
    office: Installation
    pool: ThreadPoolExecutor

    def run(self, one: Callable[[], Any], other: Callable[[], Any]) -> list[Any]:
        """Both at once; what each of them was told."""
        for hand in (self.lea, self.max):
            hand.begin()
        return [future.result() for future in [self.pool.submit(one), self.pool.submit(other)]]

    def ask(self, code: str, references: list[str]) -> UUID:
        """An agent asks to close these."""
        identity = uuid4()
        key = self.office.keyring.mint([identity], JOB, now())[identity]
        details = Asked(outcome="traitee", comment="fini").sealed(key, identity)
        asked = Operation(identity, code, "close", len(references), now(), "/demandes/en-cours", details)
        assert self.office.operations.add(asked, references)
        return identity

    def faster(self, identity: UUID) -> dict[str, str | None]:
        """Which demands an operation left to whom; it must have left them for no other reason."""
        left = self.office.operations.results(identity, SELECTED + 1)
        assert {one.result for one in left} <= {"overtaken"}
        return {one.reference: one.detail for one in left}

    @property
    def lost(self) -> int:
        return self.lea.lost + self.max.lost


@pytest.fixture
def race(hall: Hall) -> Iterator[Race]:
    with ExitStack() as opened:
        one, other, office = (opened.enter_context(hall.opened()) for _ in range(3))
        pool, door = opened.enter_context(ThreadPoolExecutor(2)), Barrier(2)
        yield Race(Hand("lea", one, door), Hand("max", other, door), office, pool)


@pytest.mark.xdist_group("faults-races")
def test_whoever_has_read_the_same_as_the_winner_loses_in_the_store(race: Race, hall: Hall, closes: Closing) -> None:
    races, ran = count(5, 250), []
    for name, action in ACTIONS.items():
        prepared = receive(race.office, races) if name == "TakenInCharge" else taken(race.office, races)
        for reference in prepared:
            told = race.run(lambda: race.lea.act(reference, action), lambda: race.max.act(reference, action))  # noqa: B023 — run within the loop
            assert told in ([None, "lea"], ["max", None]), told
            ran.append((reference, name, "lea" if told[0] is None else "max"))
    assert race.lost == len(ran), "decided elsewhere than in the store"
    histories = demands(hall.facts())
    for reference, name, winner in ran:
        assert [fact.agent for fact in histories[reference] if fact.name == name][-1:] == [winner], (reference, name)
        assert sum(fact.name == name for fact in histories[reference]) == 1
    verified(hall)
    won = Counter(winner for *_, winner in ran)
    closes(
        f"P3: {len(ran)} races met before recording, {race.lost} decided in the store ({won['lea']} to {won['max']})"
    )


@pytest.mark.xdist_group("faults-races")
def test_of_two_closures_of_many_each_demand_goes_to_one(race: Race, hall: Hall, closes: Closing) -> None:
    """The selections of two agents overlap, or one of a selection's demands is closed alone at that moment."""
    races, number = count(3, 250), 2 * SELECTED - SHARED
    close, left, ran = ACTIONS["Closed"], 0, []
    for _ in range(races):
        references = taken(race.office, number)
        asked = {"lea": race.ask("lea", references[:SELECTED]), "max": race.ask("max", references[-SELECTED:])}
        race.run(race.lea.operate, race.max.operate)
        shared = references[SELECTED - SHARED : SELECTED]
        found = {code: race.faster(identity) for code, identity in asked.items()}
        assert found in (
            {"lea": dict.fromkeys(shared, "max"), "max": {}},
            {"lea": {}, "max": dict.fromkeys(shared, "lea")},
        )
        left += SHARED
        ran.append(references)
    for _ in range(races):
        references = taken(race.office, SELECTED)
        identity = race.ask("lea", references)
        _, told = race.run(race.lea.operate, lambda: race.max.act(references[1], close))  # noqa: B023 — run within the loop
        assert (told, race.faster(identity)) in (("lea", {}), (None, {references[1]: "max"}))
        left += 1
        ran.append(references)
    assert race.lost == len(ran), "decided elsewhere than in the store"
    histories = demands(hall.facts())
    for reference in (reference for references in ran for reference in references):
        assert sum(fact.name == "Closed" for fact in histories[reference]) == 1, reference
    verified(hall)
    closes(
        f"P3: {len(ran)} races of closures of many, {race.lost} decided in the store, {left} demands left to whoever "
        "was faster, by name, 0 closed twice"
    )
