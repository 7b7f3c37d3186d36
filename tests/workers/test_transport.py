"""What a mail server answers becomes one of few outcomes, and none of its words."""

import gc
import socket
import traceback
import warnings
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest

from domain.letters import Letter
from tests.workers.smtp import (
    HOST,
    Inbox,
    certificate,
    free_port,
    greeting,
    mail_server,
    only_lucie,
    rude_server,
    silent,
    stalling,
    vanishing,
)
from workers.messages import BadRecipient, compose, recipient_of, sender_of
from workers.transport import (
    Deferred,
    MailboxTransport,
    NotDelivered,
    Rejected,
    SenderRefused,
    SmtpTransport,
    TimedOut,
    Unreachable,
)

MARIE = "marie.dubois@example.org"
MAIL_ID = UUID(int=7)
AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
LOGIN = "lucie%40ville:p%40ss%3A%2Fw%3Frd@"


def message(letter: Letter | None = None) -> EmailMessage:
    letter = letter or Letter(MARIE, "Reçu n° 7", "Bonjour,\n\nVotre demande est arrivée.\n")
    return compose(letter, MAIL_ID, sender_of("suivi@mairie.example", "Mairie d’Œuilly"), AT)


def send(port: int, scheme: str = "smtp", login: str = "", **options: object) -> None:
    SmtpTransport(f"{scheme}://{login}{HOST}:{port}", timeout=2, **options).send(message())  # type: ignore[arg-type]


def failure(port: int, timeout: float = 2) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        SmtpTransport(f"smtp://{HOST}:{port}", timeout=timeout).send(message())
    told = "".join(traceback.format_exception(caught.value))
    assert MARIE not in told
    assert caught.value.__context__ is None
    return caught.value


def test_a_letter_arrives_as_it_was_written() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port:
        send(port)
    envelope = inbox.letters[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("suivi@mairie.example", [MARIE])
    received = message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[arg-type]  # bytes here
    assert received["Message-ID"] == f"<{MAIL_ID}@mairie.example>"
    assert received["Subject"] == "Reçu n° 7"
    assert received["Date"].datetime == AT
    assert received.get_content().replace("\r\n", "\n") == "Bonjour,\n\nVotre demande est arrivée.\n"


@pytest.mark.parametrize(
    ("answer", "at", "kind", "status", "enhanced"),
    [
        ("550 5.1.1 <{address}> rejected", "RCPT", Rejected, 550, "5.1.1"),
        ("552 <{address}> mailbox full", "RCPT", Rejected, 552, None),
        ("451 4.7.1 {address} greylisted", "RCPT", Deferred, 451, "4.7.1"),
        ("554 5.7.1 spam for {address}", "DATA", Rejected, 554, "5.7.1"),
        ("452 4.2.2 later", "DATA", Deferred, 452, "4.2.2"),
    ],
)
def test_the_answer_is_kept_as_numbers(answer: str, at: str, kind: type, status: int, enhanced: str | None) -> None:
    with mail_server(Inbox(answer, at=at)) as port:
        failed = failure(port)
    assert type(failed) is kind
    assert (failed.why, failed.status, failed.enhanced) == ("rejected", status, enhanced)


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        ("550 5.7.1 <{address}> not ours", SenderRefused, "refused_sender"),
        ("553 5.1.8 <{address}> unknown", SenderRefused, "refused_sender"),
        ("530 5.7.0 log in first", Unreachable, "unreachable"),
        ("451 4.7.1 later", Deferred, "rejected"),
        ("552 5.3.4 too large", Rejected, "rejected"),
    ],
)
def test_a_refusal_of_the_sender_is_not_the_letters_fault(answer: str, kind: type, why: str) -> None:
    with mail_server(Inbox(answer, at="MAIL")) as port:
        failed = failure(port)
    assert (type(failed), failed.why) == (kind, why)
    assert answer.startswith(f"{failed.status} {failed.enhanced}")


@pytest.mark.parametrize(
    ("talk", "kind"),
    [
        (silent, TimedOut),
        (stalling(b"EHLO"), TimedOut),
        (stalling(b"\r\n.\r\n"), TimedOut),
        (vanishing(b"\r\n.\r\n"), Unreachable),
        (vanishing(b"RCPT"), Unreachable),
        (greeting("554 go away"), Unreachable),
        (greeting("nonsense"), Unreachable),
    ],
    ids=["silent", "EHLO stalls", "DATA stalls", "DATA closes", "RCPT closes", "refuses us", "nonsense"],
)
def test_a_server_that_misbehaves_is_no_refusal(talk: Callable[..., None], kind: type) -> None:
    with rude_server(talk) as port:
        assert type(failure(port, timeout=0.3)) is kind


def test_nobody_listens() -> None:
    assert type(failure(free_port())) is Unreachable


def test_starttls_is_used_when_it_is_offered(tmp_path: Path) -> None:
    inbox, (server, _) = Inbox(), certificate(tmp_path)
    with mail_server(inbox, tls_context=server, require_starttls=True) as port:
        send(port)
    assert len(inbox.letters) == 1


def test_credentials_travel_over_checked_tls_only(tmp_path: Path) -> None:
    inbox, (server, trusting) = Inbox(), certificate(tmp_path)
    with mail_server(inbox, tls_context=server, authenticator=only_lucie, auth_required=True) as port:
        send(port, login=LOGIN, trusted=trusting)
        with pytest.raises(Unreachable):
            send(port, login=LOGIN)
        with pytest.raises(Unreachable) as refused:
            send(port, login="lucie:wrong@", trusted=trusting)
    assert refused.value.status == 535
    assert len(inbox.letters) == 1


def test_credentials_never_go_to_a_server_without_tls() -> None:
    inbox = Inbox()
    with mail_server(inbox, authenticator=only_lucie, auth_require_tls=False) as port, pytest.raises(Unreachable):
        send(port, login=LOGIN)
    assert inbox.letters == []


def test_smtps_is_encrypted_from_the_start(tmp_path: Path) -> None:
    inbox, (server, trusting) = Inbox(), certificate(tmp_path)
    with mail_server(inbox, ssl_context=server) as port, pytest.raises(Unreachable):
        send(port, "smtps")
    with mail_server(inbox, ssl_context=server) as port:
        send(port, "smtps", trusted=trusting)
    assert len(inbox.letters) == 1


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example", ""])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp"):
        SmtpTransport(url)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(SmtpTransport("smtp://lucie:secret@mail.example"))


@pytest.mark.parametrize(
    "address",
    [
        "", "marie", "@example.org", "marie@", "a@b@c", "marie@example.org,jean@example.org",
        "marie@example.org\r\nBcc: x@y", "marie@example.org\x00", "marie@exa\ud800mple.org",
        "ma\ud800rie@example.org", "Équipe: a@b.fr;",
        "Marie <marie@example.org>", "marie@example.org jean@example.org", "m" * 65 + "@example.org",
        "marie@" + "e" * 250 + ".org", "marie@a..b",
    ],
)  # fmt: skip
def test_anything_but_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(BadRecipient) as caught:
        recipient_of(address)
    assert not address or address not in str(caught.value)


def test_a_domain_with_accents_is_written_for_mail_servers() -> None:
    assert str(recipient_of("marie@mairie-dœuilly.fr")) == "marie@xn--mairie-duilly-woc.fr"


def test_subject_and_body_are_made_harmless() -> None:
    text = message(Letter(MARIE, "Bonjour\r\nBcc: x@y.fr\x00\ud800", "Bon\x00jour\ud800\r\n")).as_bytes()
    read = message_from_bytes(text, policy=policy.default)
    assert read["Subject"] == "Bonjour Bcc: x@y.fr?"
    assert read["Bcc"] is None
    assert read.get_content() == "Bonjour?\r\n"


def test_the_demo_mailbox_keeps_the_newest_first_and_each_once() -> None:
    mailbox = MailboxTransport(most=2)
    for number in (1, 2, 2, 3):
        letter = Letter(MARIE, f"Lettre {number}", "Bonjour\n")
        mailbox.send(compose(letter, UUID(int=number), sender_of("suivi@mairie.example", "Mairie"), AT))
    assert [kept.subject for kept in mailbox.kept()] == ["Lettre 3", "Lettre 2"]
    kept = mailbox.kept()[0]
    assert (kept.recipient, kept.body, kept.at, kept.mail_id) == (MARIE, "Bonjour\n", AT, str(UUID(int=3)))
    assert MARIE not in repr(kept)


def test_the_server_of_these_tests_stops_with_nothing_open() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(5):
            with mail_server(Inbox()) as port, closing(socket.create_connection((HOST, port))):
                pass
            gc.collect()
    assert [str(one.message) for one in told if one.category is ResourceWarning] == []
