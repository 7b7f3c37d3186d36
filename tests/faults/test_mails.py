"""P8: each letter is handed to the mail server at least once, and a duplicate bears the same Message-ID."""

import time
from random import Random
from typing import Any

import pytest

from domain.demand import Demand
from domain.references import demand_id
from suivi.compose import Installation
from tests.faults.clockwork import LEASE_OVER_S, THREADS, at_every_workplace, deliver_until_killed
from tests.faults.closing import Closing, count
from tests.faults.hall import Hall
from tests.faults.letters import address, behind, finish, receive, taken
from tests.faults.service import ahead_by, child
from tests.workers.brokers import OwnRedis
from tests.workers.proxy import FAULTS, SILENCE, FaultyRelay, faulty_relay
from tests.workers.smtp import Inbox, mail_server

LONGEST_RUN_S = 0.8
REFUSED_EVERY = 20


def outcomes(installation: Installation, reference: str) -> list[str]:
    facts = installation.register.facts(demand_id(reference))
    return [fact.name for fact in facts if isinstance(fact, Demand.MailSent | Demand.MailFailed)]


@at_every_workplace
@pytest.mark.xdist_group("faults-mails")
def test_every_letter_leaves_at_least_once_whatever_dies(hall: Hall, broker: OwnRedis | None, closes: Closing) -> None:
    letters, kills, random = count(200, 2_000), count(10, 50), Random(8)
    inbox, ahead, hall = Inbox(), ahead_by(), behind(hall, broker)
    with hall.opened() as installation, mail_server(inbox) as port, faulty_relay(port, 8) as relay:
        relay.faults = [*FAULTS, *FAULTS, SILENCE]
        references = receive(installation, letters)
        hard = list(range(0, letters, REFUSED_EVERY))
        relay.refused = {f"<{address(n)}>".encode() for n in hard}
        for number in range(kills):
            with child(deliver_until_killed, hall.environment, relay.port, ahead):
                for _ in range(2):
                    time.sleep(random.uniform(0, LONGEST_RUN_S / 2))  # the point of the kill, not a wait for anything
                    lose(broker, emptied=number % 2 == 0)
            ahead.value += LEASE_OVER_S
        finish(installation, hall, relay.port, ahead)
        found = taken(inbox)
        missing = {address(n) for n in range(letters) if n not in hard} - {recipient for recipient, _ in found}
        assert not missing
        assert len(set(found)) == len({recipient for recipient, _ in found}) == letters - len(hard)
        twice = len(found) - len(set(found))
        assert twice <= kills * THREADS + relay.met["cut after DATA"] + relay.met["half-close"]
        for number, reference in enumerate(references):
            assert outcomes(installation, reference) == ["MailFailed" if number in hard else "MailSent"]
        resend(installation, hall, relay, ahead, len(hard))
        assert {recipient for recipient, _ in taken(inbox)} == {address(n) for n in range(letters)}
        assert not installation.keyring.active("mail")
    with_broker = f", Redis killed {2 * kills} times and emptied {kills}" if broker else ""
    attempts = f"{sum(relay.met.values())} attempts, {relay.met[SILENCE]} without an answer"
    closes(f"P8: {letters} letters, {kills} kills{with_broker}, {attempts}, 0 missing, {twice} twice")


def lose(broker: OwnRedis | None, *, emptied: bool) -> None:
    """A broker dies under those who listen to it, with or without its disk, and is started again."""
    if broker is not None:
        broker.kill(emptied=emptied)
        broker.start()


def failures(installation: Installation) -> int:
    return installation.outbox.counts().get("failed", 0)


def resend(installation: Installation, hall: Hall, relay: FaultyRelay, ahead: Any, number: int) -> None:
    """An administrator finds the refused letters, and sends them again once the addresses are right."""
    failed = installation.outbox.latest(10_000, "failed")
    assert [(mail.why, mail.letter is not None) for mail in failed] == [("rejected", True)] * number
    relay.refused.clear()
    for mail in failed:
        assert installation.outbox.resend(mail.mail_id, mail.queued_at)
    finish(installation, hall, relay.port, ahead)
