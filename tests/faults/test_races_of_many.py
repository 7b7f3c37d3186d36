"""P3 over HTTP for many demands at once: selections that overlap, and a selection of which a part is closed alone."""

from dataclasses import dataclass, field

import pytest

from domain.demand import Demand
from store.operations import Operation
from suivi.compose import Installation
from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import AGENTS, Hall, demands, taken
from tests.faults.racing import FIELDS, Pair, main_of, together
from tests.faults.visitors import Answer, AtWork
from tests.faults.waiting import PROMISED_S, until

SELECTED, SHARED = 12, 6


@dataclass
class Ended:
    """What the race left to the other one: by the operations' own words, and on the pages of single closures."""

    installation: Installation
    lea: AtWork
    max: AtWork
    overtaken: int = 0
    closed_before: int = 0
    refused: int = 0
    ran: list[tuple[list[str], list[Operation], dict[str, Answer]]] = field(default_factory=list)

    def close_many(self, agent: AtWork, references: list[str]) -> Answer:
        fields = {"action": "close", "scope": "page", "references": " ".join(references), "confirmed": "1"}
        return agent.post("/demandes/selection", fields | {"outcome": "traitee", "comment": "fini", "decision": "none"})

    def close_each(self, agent: AtWork, references: list[str]) -> dict[str, Answer]:
        return {reference: agent.act(reference, "cloture", FIELDS["cloture"]) for reference in references}

    def operation(self, agent: AtWork) -> Operation:
        """The last one he asked for, once it has ended."""

        def ended() -> bool:
            return self.installation.operations.latest(agent.code, 1)[0].ended_at is not None

        until(ended, PROMISED_S, "the operation ended")
        return self.installation.operations.latest(agent.code, 1)[0]

    def race_selections(self) -> None:
        references = taken(self.installation, 2 * SELECTED - SHARED)
        first, second = references[:SELECTED], references[-SELECTED:]
        answers = together(lambda: self.close_many(self.lea, first), lambda: self.close_many(self.max, second))
        assert [answer.status for answer in answers] == [303, 303]
        self.ran.append((references, [self.operation(self.lea), self.operation(self.max)], {}))

    def race_one_by_one(self) -> None:
        references = taken(self.installation, SELECTED)
        alone = references[::-1][:SHARED]
        asked, told = together(lambda: self.close_many(self.lea, references), lambda: self.close_each(self.max, alone))
        assert asked.status == 303
        self.ran.append((references, [self.operation(self.lea)], told))

    def judge(self, closures: dict[str, Demand.Closed]) -> None:
        """Whoever did not close a demand is told who did."""
        for references, operations, answers in self.ran:
            assert closures.keys() >= set(references)
            for operation in operations:
                self._judge_operation(operation, closures)
            for reference, answer in answers.items():
                self._judge_answer(reference, answer, closures[reference].agent)

    def _judge_operation(self, operation: Operation, closures: dict[str, Demand.Closed]) -> None:
        reader = self.lea if operation.agent == "lea" else self.max
        page = reader.ask("GET", f"/operations/{operation.id}")
        assert page.status == 200
        for one in self.installation.operations.results(operation.id, SELECTED, done=True):
            assert closures[one.reference].agent == operation.agent
        for one in self.installation.operations.results(operation.id, SELECTED):
            closed = closures[one.reference]
            assert closed.agent != operation.agent
            assert one.reference in main_of(page)
            if one.result == "status":
                assert (one.detail, closed.timestamp <= operation.asked_at) == ("CLOTUREE", True)
                self.closed_before += 1
            else:
                assert (one.result, one.detail) == ("overtaken", closed.agent)
                assert f"{AGENTS[str(closed.agent)]} a été plus rapide" in main_of(page)
                self.overtaken += 1

    def _judge_answer(self, reference: str, answer: Answer, winner: str | None) -> None:
        assert answer.status == (303 if winner == "max" else 409), reference
        if winner != "max":
            assert AGENTS[str(winner)] in main_of(answer)
            self.refused += 1


@pytest.mark.xdist_group("faults-races")
def test_of_closures_of_many_each_demand_goes_to_one_and_the_other_is_told_who(
    pair: Pair, hall: Hall, stores: str, closes: Closing
) -> None:
    races = count(4 if stores == "sqlite" else 2, 125)
    with hall.opened() as installation:
        ended = Ended(installation, pair.lea, pair.max)
        for _ in range(races):
            ended.race_selections()
            ended.race_one_by_one()
        closed = [
            (reference, fact)
            for reference, facts in demands(hall.facts()).items()
            for fact in facts
            if isinstance(fact, Demand.Closed)
        ]
        assert len(dict(closed)) == len(closed), "closed twice"
        ended.judge(dict(closed))
    assert ended.overtaken + ended.closed_before + ended.refused == races * 2 * SHARED
    verified(hall)
    closes(
        f"P3: {2 * races} races of closures of many over HTTP, {len(closed)} demands closed once, {ended.overtaken} "
        f"left to whoever was faster, by name, {ended.closed_before} closed before it was asked, {ended.refused} × 409 "
        "that names him, 0 × 500"
    )
