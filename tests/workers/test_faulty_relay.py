"""What a misbehaving mail relay does to a letter: tried again or refused, never lost, and known by its id."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from uuid import UUID

import pytest

from domain.letters import Letter
from tests.workers.proxy import SILENCE, FaultyRelay, faulty_relay
from tests.workers.smtp import Inbox, mail_server
from workers.messages import compose
from workers.transport import Deferred, NotDelivered, Rejected, SmtpTransport, TimedOut, Unreachable

SENDER = Address("Mairie", "suivi", "mairie.example")
LETTER = compose(Letter("marie@example.org", "Votre demande", "Bonjour.\n"), UUID(int=7), SENDER, datetime.now(UTC))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def relay(inbox: Inbox) -> Iterator[FaultyRelay]:
    with mail_server(inbox) as port, faulty_relay(port, 1) as relay:
        yield relay


def send(relay: FaultyRelay, fault: str, patience: float = 10) -> NotDelivered | None:
    relay.faults = [fault]
    try:
        SmtpTransport(f"smtp://127.0.0.1:{relay.port}", patience).send(LETTER)
    except NotDelivered as failure:
        return failure
    return None


@pytest.mark.parametrize("fault", ["none", "delay"])
def test_a_slow_relay_takes_the_letter(relay: FaultyRelay, inbox: Inbox, fault: str) -> None:
    assert send(relay, fault) is None
    assert len(inbox.letters) == 1


@pytest.mark.parametrize("fault", ["cut after DATA", "half-close"])
def test_a_relay_that_hangs_up_after_the_letter_leaves_it_doubtful_and_the_second_has_the_same_id(
    relay: FaultyRelay, inbox: Inbox, fault: str
) -> None:
    assert isinstance(send(relay, fault), Unreachable)
    assert send(relay, "none") is None
    ids = [message_from_bytes(bytes(envelope.content or b""))["Message-ID"] for envelope in inbox.letters]
    assert ids == [f"<{UUID(int=7)}@mairie.example>"] * 2


def test_a_relay_that_never_answers_has_nothing(relay: FaultyRelay, inbox: Inbox) -> None:
    assert isinstance(send(relay, SILENCE, 0.2), TimedOut)
    assert inbox.letters == []


def test_a_relay_that_hangs_up_before_the_letter_has_nothing(relay: FaultyRelay, inbox: Inbox) -> None:
    assert isinstance(send(relay, "cut before DATA"), Unreachable)
    assert inbox.letters == []


@pytest.mark.parametrize(("fault", "status"), [("451", "4.3.0"), ("451 at DATA", "4.7.1")])
def test_a_refusal_for_now_is_told_from_one_for_good(relay: FaultyRelay, fault: str, status: str) -> None:
    failure = send(relay, fault)
    assert isinstance(failure, Deferred)
    assert (failure.status, failure.enhanced) == (451, status)
    relay.refused = {b"<marie@example.org>"}
    failure = send(relay, fault)
    assert isinstance(failure, Rejected)
    assert (failure.status, failure.enhanced) == (550, "5.1.1")
