"""P9: a reminder fires once per period whatever the number of clocks and restarts, and never for what waits."""

from collections import Counter
from contextlib import ExitStack
from random import Random

import pytest

from domain.demand import Demand
from domain.references import demand_id
from suivi.compose import Installation
from tests.faults.clockwork import remind_until_killed
from tests.faults.closing import Closing, count
from tests.faults.hall import AGENTS, Hall, by_hand
from tests.faults.service import NURSERY, child
from tests.faults.stores import small_on_sqlite
from tests.faults.test_mails import receive
from tests.faults.waiting import until

CLOCKS, PERIODS, HELD = 3, 3, 10
DAY_S = 86_400.0
WITHIN_S = 300


def hold(installation: Installation, references: list[str]) -> None:
    lea = installation.office.directory.agent("lea")
    for reference in references:
        for action, words in (("take_in_charge", ()), ("put_on_hold", ("autre",))):
            with installation.office.demand(reference, by=lea, command=by_hand("agent:lea")) as demand:
                getattr(demand, action)(*words)


def reminded(installation: Installation, reference: str) -> list[tuple[str, object]]:
    facts = installation.register.facts(demand_id(reference))
    return [(fact.kind, fact.occurrence) for fact in facts if isinstance(fact, Demand.Reminded)]


@small_on_sqlite
@pytest.mark.xdist_group("faults-clocks")
def test_three_clocks_remind_of_each_demand_once_a_period(hall: Hall, closes: Closing) -> None:
    number, random, restarts = count(200, 1_000), Random(9), 0
    ahead = NURSERY.Value("d", 0.0)
    with hall.opened() as installation:
        references = receive(installation, number)
        hold(installation, references[:HELD])
        ahead.value = 30 * DAY_S
        for period in range(1, PERIODS + 1):
            with ExitStack() as clocks:
                for _ in range(CLOCKS):
                    clocks.enter_context(child(remind_until_killed, hall.environment, ahead))
                doomed = ExitStack()
                doomed.enter_context(child(remind_until_killed, hall.environment, ahead))
                until(installation.register.head, WITHIN_S, "a store")
                doomed.close()  # a clock that dies wherever it is
                restarts += 1 + CLOCKS
                last = references[-1 - random.randrange(number - HELD)]
                until(lambda: len(reminded(installation, last)) == period, WITHIN_S, f"period {period}")  # noqa: B023 — asked within the loop
            ahead.value += 7 * DAY_S
        for reference in references[:HELD]:
            assert reminded(installation, reference) == []
        for reference in references[HELD:]:
            found = reminded(installation, reference)
            assert len(found) == len(set(found)) == PERIODS
        told = Counter(mail.agent for mail in installation.outbox.latest(10_000) if mail.kind == "reminder")
        assert told == dict.fromkeys(AGENTS, PERIODS)
    closes(
        f"P9: {CLOCKS} clocks, {restarts} starts and kills, {number - HELD} due demands, {PERIODS} periods, 1 fact each"
    )
