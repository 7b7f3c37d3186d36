"""Each letter is handed to the mail server at least once, whatever dies in between (P8)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from domain.letters import LetterKind
from store.outbox import Mail
from tests.workers.smtp import HOST, Inbox, mail_server
from tests.workers.town import MARIE, MORNING, KeepingTransport, Town
from workers.delivery import EXPIRED, LEASE, Deliverer, Verdict, judge, next_try
from workers.sweep import expire_letters
from workers.transport import Deferred, Rejected, SmtpTransport, TimedOut, Unreachable

GOODBYE = ("Votre demande", "Elle est traitée.\n")


class Killed(BaseException):
    """The worker dies here."""


WEEK = timedelta(days=7)


def mail(kind: str = "contact", attempts: int = 1) -> Mail:
    until = MORNING + LetterKind(kind).kept_for
    return Mail(UUID(int=1), UUID(int=2), kind, b"", "queued", attempts, MORNING, MORNING, until, None, None, None)


def test_a_letter_that_leaves_is_recorded_and_its_key_goes(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit(MARIE)
    letter = town.letter_of(demand)
    assert Deliverer(town.parts()).deliver(letter) == "sent"
    assert transport.sent[0]["To"] == MARIE
    assert transport.sent[0]["Message-ID"] == f"<{letter}@mairie.example>"
    assert transport.sent[0]["Auto-Submitted"] == "auto-generated"
    assert str(transport.sent[0]["From"]) == "Mairie de Saint-Aubin <suivi@mairie.example>"
    assert town.mail_facts(demand) == [("MailSent", None)]
    assert town.state_of(letter) == ("sent", None)
    assert not town.has_key(letter)
    assert town.has_key(demand)


def test_the_closing_letter_leaves_after_the_demand_is_erased(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit(MARIE)
    town.close(demand, GOODBYE)
    assert not town.has_key(demand)
    assert Deliverer(town.parts()).deliver(town.letter_of(demand, LetterKind.CLOSURE)) == "sent"
    assert transport.sent[0]["Subject"] == "Votre demande"
    assert town.facts(demand)[-1] == "MailSent"


def test_delivering_twice_sends_once(town: Town, transport: KeepingTransport) -> None:
    deliverer = Deliverer(town.parts())
    letter = town.letter_of(town.submit(MARIE))
    assert [deliverer.deliver(letter) for _ in range(3)] == ["sent", "waiting", "waiting"]
    assert len(transport.sent) == 1


def test_without_a_mail_server_letters_stay_queued(town: Town) -> None:
    letter = town.letter_of(town.submit(MARIE))
    town.transport = None
    assert Deliverer(town.parts()).deliver(letter) == "waiting"
    assert town.state_of(letter) == ("queued", None)
    assert town.outbox.due(town.clock(), 10) == [letter]


def test_a_full_minute_costs_a_letter_neither_its_place_nor_an_attempt(town: Town, transport: KeepingTransport) -> None:
    first, second = (town.letter_of(town.submit(MARIE)) for _ in range(2))
    left = Pacing(2)
    deliverer = Deliverer(replace(town.parts(), may_leave=left))
    assert deliverer.deliver(first) == "sent"
    assert deliverer.deliver(first) == "waiting"
    assert left.taken == 1, "what is not claimed is not counted"
    left.most = 1
    assert deliverer.deliver(second) == "waiting"
    assert town.outbox.due(town.clock(), 10) == [second]
    assert [mail.attempts for mail in town.outbox.latest(1, "queued")] == [0]
    left.most = 2
    assert deliverer.deliver(second) == "sent"
    assert len(transport.sent) == 2


@dataclass
class Pacing:
    """A minute in which so many letters may leave."""

    most: int
    taken: int = 0

    def __call__(self, _now: datetime) -> bool:
        if self.taken >= self.most:
            return False
        self.taken += 1
        return True


@pytest.mark.parametrize(
    ("owner", "method", "copies"),
    [
        ("transport", "send", 1),
        ("register", "append", 2),
        ("outbox", "finish", 1),
        ("keyring", "destroy", 1),
    ],
)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_worker_killed_at_any_step_loses_nothing(
    town: Town,
    transport: KeepingTransport,
    monkeypatch: pytest.MonkeyPatch,
    owner: str,
    method: str,
    copies: int,
    before: bool,
) -> None:
    demand = town.submit(MARIE)
    letter = town.letter_of(demand)
    with monkeypatch.context() as patch:
        patch.setattr(getattr(town, owner), method, killing(getattr(getattr(town, owner), method), before=before))
        with pytest.raises(Killed):
            Deliverer(town.parts()).deliver(letter)
    town.clock.move(seconds=LEASE.total_seconds() + 1)
    Deliverer(town.parts()).deliver(letter)
    expire_letters(town.parts(), Deliverer(town.parts()), town.clock())
    if not before:
        copies = 2 if owner == "transport" else 1
    assert len(transport.sent) == copies
    assert len({message["Message-ID"] for message in transport.sent}) == 1
    assert town.mail_facts(demand) == [("MailSent", None)]
    assert town.state_of(letter) == ("sent", None)


def killing(method: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def killed(*arguments: Any, **named: Any) -> None:
        if not before:
            method(*arguments, **named)
        raise Killed

    return killed


def test_a_worker_that_slept_past_its_lease_doubles_nothing_but_the_message(
    town: Town, transport: KeepingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped with the letter at the mail server; another one delivers it meanwhile; then it goes on."""
    demand = town.submit(MARIE)
    letter, send, others = town.letter_of(demand), transport.send, []

    def sleeping(message: EmailMessage) -> None:
        send(message)
        monkeypatch.undo()
        town.clock.move(seconds=LEASE.total_seconds() + 1)
        others.append(Deliverer(town.parts()).deliver(letter))

    monkeypatch.setattr(transport, "send", sleeping)
    assert Deliverer(town.parts()).deliver(letter) == "sent"
    assert others == ["sent"]
    assert [message["Message-ID"] for message in transport.sent] == [f"<{letter}@mairie.example>"] * 2
    assert town.mail_facts(demand) == [("MailSent", None)]
    assert town.state_of(letter) == ("sent", None)
    assert not town.has_key(letter)


@pytest.mark.parametrize("failure", [Rejected(550, "5.1.1"), Unreachable(), OSError()], ids=repr)
@pytest.mark.parametrize("other_is", ["sending", "done"])
def test_a_worker_that_slept_past_its_lease_takes_back_nothing(
    town: Town, transport: KeepingTransport, monkeypatch: pytest.MonkeyPatch, failure: Exception, other_is: str
) -> None:
    """It was stopped before a mail server that fails it; another one has the letter meanwhile, or has sent it."""
    demand = town.submit(MARIE)
    letter = town.letter_of(demand)
    seen = []

    def sleeping(_: EmailMessage) -> None:
        monkeypatch.undo()
        town.clock.move(seconds=LEASE.total_seconds() + 1)
        if other_is == "done":
            Deliverer(town.parts()).deliver(letter)
        else:
            town.outbox.claim(letter, town.clock(), LEASE)
        seen.append(town.outbox.find(letter))
        raise failure

    monkeypatch.setattr(transport, "send", sleeping)
    with suppress(OSError):
        Deliverer(town.parts()).deliver(letter)
    assert seen == [town.outbox.find(letter)]
    assert town.mail_facts(demand) == ([("MailSent", None)] if other_is == "done" else [])
    assert town.has_key(letter) is (other_is == "sending")


def test_a_letter_that_left_is_no_failure_for_another_worker(
    town: Town, transport: KeepingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has it taken and is stopped; the second is refused, and the first has recorded its sending by then."""
    demand = town.submit(MARIE)
    letter, finish = town.letter_of(demand), town.outbox.finish

    def sleeping(*arguments: Any, **named: Any) -> None:
        monkeypatch.undo()
        town.clock.move(seconds=LEASE.total_seconds() + 1)
        claimed = town.outbox.claim(letter, town.clock(), LEASE)
        assert claimed is not None
        Deliverer(town.parts()).settle(claimed, Verdict("failed", "rejected", 550))
        finish(*arguments, **named)

    monkeypatch.setattr(town.outbox, "finish", sleeping)
    assert Deliverer(town.parts()).deliver(letter) == "sent"
    assert town.mail_facts(demand) == [("MailSent", None)]
    assert town.state_of(letter) == ("sent", None)


def test_a_refused_letter_fails_and_can_be_sent_again(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit(MARIE)
    letter, deliverer = town.letter_of(demand), Deliverer(town.parts())
    transport.failures = [Rejected(550, "5.1.1"), Rejected(550, "5.1.1")]
    assert deliverer.deliver(letter) == "failed"
    assert town.state_of(letter) == ("failed", "rejected")
    assert town.has_key(letter)
    town.clock.move(hours=1)
    assert town.outbox.resend(letter, town.clock())
    assert deliverer.deliver(letter) == "failed"
    town.clock.move(hours=1)
    assert town.outbox.resend(letter, town.clock())
    assert deliverer.deliver(letter) == "sent"
    assert town.mail_facts(demand) == [("MailFailed", "rejected"), ("MailFailed", "rejected"), ("MailSent", None)]
    failed = next(fact for fact in town.register.facts(demand) if fact.name == "MailFailed")
    assert (vars(failed)["smtp_status"], vars(failed)["enhanced_status"]) == (550, "5.1.1")
    assert not town.has_key(letter)
    assert not town.outbox.resend(letter, town.clock())


def test_the_text_of_a_refused_letter_goes_after_a_week(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit(MARIE)
    letter, deliverer = town.letter_of(demand), Deliverer(town.parts())
    transport.failures = [Rejected(550, None)]
    deliverer.deliver(letter)
    town.clock.move(days=6)
    assert expire_letters(town.parts(), deliverer, town.clock()) == 0
    town.clock.move(days=1)
    assert expire_letters(town.parts(), deliverer, town.clock()) == 1
    assert not town.has_key(letter)
    assert not town.outbox.resend(letter, town.clock())
    assert town.mail_facts(demand) == [("MailFailed", "rejected")]
    assert expire_letters(town.parts(), deliverer, town.clock()) == 0


def test_a_letter_still_queued_after_its_time_expires_even_without_a_mail_server(town: Town) -> None:
    demand = town.submit(MARIE)
    town.close(demand, GOODBYE)
    receipt, goodbye = town.letter_of(demand), town.letter_of(demand, LetterKind.CLOSURE)
    town.transport = None
    parts = town.parts()
    town.clock.move(minutes=15)
    assert expire_letters(parts, Deliverer(parts), town.clock()) == 1
    assert town.state_of(receipt) == ("failed", "expired")
    assert (town.has_key(receipt), town.has_key(goodbye)) == (False, True)
    town.clock.move(hours=72)
    assert expire_letters(parts, Deliverer(parts), town.clock()) == 1
    assert town.state_of(goodbye) == ("failed", "expired")
    assert not town.has_key(goodbye)
    assert town.mail_facts(demand) == [("MailFailed", "expired"), ("MailFailed", "expired")]


def test_a_server_that_is_away_is_tried_again_later(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit(MARIE)
    letter, deliverer = town.letter_of(demand), Deliverer(town.parts())
    transport.failures = [Unreachable(), TimedOut(), Deferred(451, "4.7.1")]
    for why in ("unreachable", "timeout", "rejected"):
        assert deliverer.deliver(letter) == "queued"
        assert town.state_of(letter) == ("queued", why)
        assert deliverer.deliver(letter) == "waiting"
        town.clock.move(minutes=5)
    assert deliverer.deliver(letter) == "sent"
    assert town.mail_facts(demand) == [("MailSent", None)]


def test_a_wrong_sender_fails_no_letter(town: Town) -> None:
    demands = [town.submit(MARIE) for _ in range(3)]
    letters = [town.letter_of(demand) for demand in demands]
    inbox = Inbox(*["553 5.1.8 <{address}> is not of this domain"] * 3, at="MAIL")
    with mail_server(inbox) as port:
        town.transport = SmtpTransport(f"smtp://{HOST}:{port}")
        deliverer = Deliverer(town.parts())
        assert [deliverer.deliver(letter) for letter in letters] == ["queued"] * 3
        assert [town.state_of(letter) for letter in letters] == [("queued", "refused_sender")] * 3
        assert [town.mail_facts(demand) for demand in demands] == [[], [], []]
        town.clock.move(minutes=1)
        assert [deliverer.deliver(letter) for letter in letters] == ["sent"] * 3
    assert len(inbox.letters) == 3


def test_an_address_that_no_letter_can_reach_is_a_refusal(town: Town, transport: KeepingTransport) -> None:
    demand = town.submit("marie@example.org, jean@example.org")
    assert Deliverer(town.parts()).deliver(town.letter_of(demand)) == "failed"
    assert town.mail_facts(demand) == [("MailFailed", "rejected")]
    assert transport.sent == []


def test_a_letter_whose_key_is_gone_expires(town: Town) -> None:
    demand = town.submit(MARIE)
    letter = town.letter_of(demand)
    town.keyring.destroy([letter], town.clock())
    assert Deliverer(town.parts()).deliver(letter) == "failed"
    assert town.state_of(letter) == ("failed", "expired")


def test_a_broken_step_does_not_send_in_a_tight_circle(
    town: Town, transport: KeepingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = town.letter_of(town.submit(MARIE))
    with monkeypatch.context() as patch:
        patch.setattr(town.register, "append", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Deliverer(town.parts()).deliver(letter)
    assert town.outbox.due(town.clock(), 10) == []
    town.clock.move(minutes=1)
    assert Deliverer(town.parts()).deliver(letter) == "sent"
    assert len(transport.sent) == 2


@pytest.mark.parametrize(
    ("failure", "kind", "after", "expected"),
    [
        (None, "contact", timedelta(0), Verdict("sent")),
        (Rejected(550, "5.1.1"), "contact", timedelta(0), Verdict("failed", "rejected", 550, "5.1.1", kept=True)),
        (Rejected(550, "5.1.1"), "contact", WEEK, Verdict("failed", "rejected", 550, "5.1.1")),
        (Unreachable(), "contact", WEEK, EXPIRED),
        (Unreachable(), "closure", LetterKind.CLOSURE.kept_for, EXPIRED),
        (TimedOut(), "contact", timedelta(0), Verdict("queued", "timeout", until=MORNING + timedelta(minutes=1))),
        (
            TimedOut(),
            "contact",
            WEEK - timedelta(seconds=9),
            Verdict("queued", "timeout", until=MORNING + WEEK),
        ),
    ],
)
def test_what_an_attempt_means(failure: Any, kind: str, after: timedelta, expected: Verdict) -> None:
    assert judge(mail(kind), failure, MORNING + after) == expected


def test_the_retries_grow_to_four_hours() -> None:
    minutes = [(next_try(attempts, MORNING) - MORNING) // timedelta(minutes=1) for attempts in range(11)]
    assert minutes == [1, 1, 2, 5, 15, 30, 60, 120, 240, 240, 240]
