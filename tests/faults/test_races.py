"""P3: of two agents on one demand exactly one wins, and the other is told who; two services share the stores."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Barrier, Thread

import pytest

from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import AGENTS, Hall, demands
from tests.faults.service import Service
from tests.faults.visitors import Answer, AtWork, Site

FACTS = {
    "prise-en-compte": "TakenInCharge",
    "mise-en-attente": "PutOnHold",
    "reattribution": "Reassigned",
    "cloture": "Closed",
}
FIELDS = {
    "prise-en-compte": {},
    "mise-en-attente": {"reason": "autre", "detail": "un papier"},
    "reattribution": {"agent": "ana", "note": "à toi"},
    "cloture": {"outcome": "traitee", "comment": "fini", "decision": "send"},
}
DECIDED = {
    "Un collègue a été plus rapide": "in the store",
    "La demande a changé": "by the version",
    "Action impossible maintenant": "by the status",
}
"""Where the loser's fate was decided, by the title of the page that tells him."""
_MAIN = re.compile(r"<main.*</main>", re.DOTALL)


@dataclass
class Pair:
    """Two agents, each at a service of his own."""

    lea: AtWork
    max: AtWork
    site: Site

    def race(self, reference: str, action: str) -> dict[str, Answer]:
        """Both press the same button on the page they both see."""
        version, barrier, answers = self.lea.seen_version(reference), Barrier(2), {}

        def press(agent: AtWork) -> None:
            barrier.wait()
            answers[agent.code] = agent.act(reference, action, {**FIELDS[action], "version": version})

        threads = [Thread(target=press, args=(agent,)) for agent in (self.lea, self.max)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def prepare(self, number: int, action: str) -> str:
        """A demand on which the action is allowed."""
        reference: str = self.site.submit(f"{action} {number}").json["reference"]
        if action != "prise-en-compte":
            owner = (self.lea, self.max)[number % 2]
            assert owner.act(reference, "prise-en-compte", {}).status == 303
        return reference


@pytest.fixture
def pair(hall: Hall) -> Iterator[Pair]:
    with Service(hall) as one, Service(hall) as other:
        visitors = AtWork(one.port, "lea"), AtWork(other.port, "max"), Site(one.port)
        yield Pair(*visitors)
        for visitor in visitors:
            visitor.leave()
        assert [one.stop(), other.stop()] == [0, 0]


@pytest.mark.xdist_group("faults-races")
def test_of_two_agents_exactly_one_wins_and_the_other_is_told_who(
    pair: Pair, hall: Hall, stores: str, closes: Closing
) -> None:
    races, wins, ran = count(40 if stores == "sqlite" else 10, 250), dict.fromkeys(("lea", "max"), 0), []
    decided: Counter[str] = Counter()
    for action in FACTS:
        for number in range(races):
            reference = pair.prepare(number, action)
            winner, decision = judge(pair.race(reference, action))
            wins[winner] += 1
            decided[decision] += 1
            ran.append((reference, action, winner))
    histories = demands(hall.facts())
    for reference, action, winner in ran:
        assert [f.agent for f in histories[reference] if f.name == FACTS[action]] == [winner], (reference, action)
    verified(hall)
    shares, told = " to ".join(map(str, wins.values())), ", ".join(f"{n} {how}" for how, n in decided.most_common())
    closes(
        f"P3: {len(ran)} races over HTTP, {len(ran)} with one winner ({shares}) and a 409 that names him, 0 × 500; "
        f"decided {told}"
    )


def judge(answers: dict[str, Answer]) -> tuple[str, str]:
    """The winner's code, and where it was decided; the loser's page names him."""
    (winner,) = (code for code, answer in answers.items() if answer.status == 303)
    (loser,) = (code for code in answers if code != winner)
    assert answers[loser].status == 409
    said = _MAIN.search(answers[loser].text)
    assert said
    assert AGENTS[winner] in said[0], said[0]
    (decision,) = (how for title, how in DECIDED.items() if title in said[0])
    return winner, decision
