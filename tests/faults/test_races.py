"""P3: of two agents on one demand exactly one wins, and the other is told who; two services share the stores."""

from collections import Counter

import pytest

from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import AGENTS, Hall, demands
from tests.faults.racing import Pair, main_of
from tests.faults.visitors import Answer

FACTS = {
    "prise-en-compte": "TakenInCharge",
    "mise-en-attente": "PutOnHold",
    "reattribution": "Reassigned",
    "cloture": "Closed",
}
DECIDED = {
    "Un collègue a été plus rapide": "in the store",
    "La demande a changé": "by the version",
    "Action impossible maintenant": "by the status",
}
"""Where the loser's fate was decided, by the title of the page that tells him."""


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
    said = main_of(answers[loser])
    assert AGENTS[winner] in said, said
    (decision,) = (how for title, how in DECIDED.items() if title in said)
    return winner, decision
