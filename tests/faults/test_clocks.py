"""P9: a reminder fires once per period whatever the number of clocks and restarts, and never for what waits."""

from collections import Counter
from contextlib import ExitStack
from email import message_from_bytes

import pytest

from domain.applicant import Applicant
from domain.demand import Demand
from domain.intake import Form
from domain.references import demand_id
from store.outbox import Mail
from suivi.compose import Installation
from tests.faults.clockwork import PAGE, at_every_workplace, remind_until_killed
from tests.faults.closing import Closing, count
from tests.faults.hall import AGENTS, Hall, by_hand
from tests.faults.service import ahead_by, child
from tests.faults.test_mails import LEASE_OVER_S, behind, lose
from tests.faults.waiting import until
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import Inbox, mail_server

CLOCKS, PERIODS, HELD = 3, 3, 10
DAY_S = 86_400.0
WITHIN_S = 300


def receive(installation: Installation, number: int) -> list[str]:
    """Demands of citizens who left no address; everybody who works here has one."""
    for code in AGENTS:
        installation.credentials.set_email(code, f"{code}@mairie.example")
    form = Form("AEN", "internet", Applicant("Dubois", "Marie"), {"copies": 1}, "test")
    return [installation.office.intake.submit(by_hand("api:test"), form).reference for _ in range(number)]


def hold(installation: Installation, references: list[str]) -> None:
    lea = installation.office.directory.agent("lea")
    for reference in references:
        for action, words in (("take_in_charge", ()), ("put_on_hold", ("autre",))):
            with installation.office.demand(reference, by=lea, command=by_hand("agent:lea")) as demand:
                getattr(demand, action)(*words)


def reminded(installation: Installation, reference: str) -> list[tuple[str, object]]:
    facts = installation.register.facts(demand_id(reference))
    return [(fact.kind, fact.occurrence) for fact in facts if isinstance(fact, Demand.Reminded)]


def digests(installation: Installation) -> list[Mail]:
    return [mail for mail in installation.outbox.latest(10_000) if mail.kind == "reminder"]


def arrived(inbox: Inbox) -> set[tuple[str, str]]:
    """To whom each letter went, and its id."""
    messages = [message_from_bytes(bytes(envelope.content or b"")) for envelope in inbox.letters]
    return {(str(m["To"]).partition("@")[0], str(m["Message-ID"]).strip("<>").partition("@")[0]) for m in messages}


@at_every_workplace
@pytest.mark.xdist_group("faults-clocks")
def test_three_clocks_remind_of_each_demand_once_a_period(
    hall: Hall, broker: OwnRedis | None, inbox: Inbox, closes: Closing
) -> None:
    due, restarts = count(200, 1_000), 0
    ahead, hall = ahead_by(), behind(hall, broker)
    with hall.opened() as installation, mail_server(inbox) as port:
        references = receive(installation, HELD + due)
        hold(installation, references[:HELD])
        ahead.value = 30 * DAY_S
        for period in range(1, PERIODS + 1):
            before = installation.register.head()
            with ExitStack() as clocks:
                with child(remind_until_killed, hall.environment, port, ahead):  # a clock that dies between two pages
                    until(lambda: installation.register.head() > before, WITHIN_S, "the first page")  # noqa: B023 — asked within the loop
                for _ in range(CLOCKS):
                    clocks.enter_context(child(remind_until_killed, hall.environment, port, ahead))
                lose(broker, emptied=True)
                ahead.value += LEASE_OVER_S
                restarts += 1 + CLOCKS
                everybody = len(AGENTS) * period
                until(lambda: len(digests(installation)) >= everybody, WITHIN_S, f"letters of period {period}")  # noqa: B023 — asked within the loop
                until(lambda: not installation.outbox.counts().get("queued"), WITHIN_S, "every letter has left")
            ahead.value += 7 * DAY_S
        for reference in references[:HELD]:
            assert reminded(installation, reference) == []
        for reference in references[HELD:]:
            found = reminded(installation, reference)
            assert len(found) == len(set(found)) == PERIODS
        told = digests(installation)
        assert Counter(mail.agent for mail in told) == dict.fromkeys(AGENTS, PERIODS)
        assert {(mail.agent, str(mail.mail_id)) for mail in told} <= arrived(inbox)
    where = f" and Redis emptied {PERIODS} times" if broker else ""
    once = f"{due} due demands in pages of {PAGE}, {PERIODS} periods, 1 fact each, {HELD} on hold never"
    closes(f"P9: {CLOCKS} clocks, {restarts} starts and kills{where}, {once}, {len(told)} digests, each arrived")
