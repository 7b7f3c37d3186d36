"""Handing a letter to the mail server: what can go wrong has few names here, and never the server's own words.

A server's answer often repeats the citizen's address (``550 <marie@example.org> rejected``), so the exceptions of
``smtplib`` end in this module: only the status number and the enhanced status (RFC 3463) leave it.
"""

import re
import smtplib
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import msgspec

TIMEOUT_S: Final = 10
PORTS: Final = {"smtp": 25, "smtps": 465}
_HARD: Final = 500
_ENHANCED: Final = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ABOUT_US: Final = (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError)
_AUTHENTICATION_REQUIRED: Final = 530
_TOO_LARGE: Final = 552
"""What a server that is told the size of a letter with its sender answers (RFC 1870)."""
_FAILURES: Final = (smtplib.SMTPException, OSError, UnicodeError)


class NotDelivered(Exception):
    """The mail server did not take the letter; ``why`` is a code that may be kept in clear."""

    why = "unreachable"

    def __init__(self, status: int | None = None, enhanced: str | None = None) -> None:
        super().__init__(f"{self.why} {status or ''} {enhanced or ''}".strip())
        self.status, self.enhanced = status, enhanced


class Rejected(NotDelivered):
    """The server refuses this letter for good (5xx)."""

    why = "rejected"


class Deferred(NotDelivered):
    """The server refuses the letter for now (4xx)."""

    why = "rejected"


class Unreachable(NotDelivered):
    """No server answers, it hangs up, it does not know us, or it does not encrypt where it must."""


class SenderRefused(Unreachable):
    """The server does not take letters from our address, whoever they are for (5xx to MAIL FROM)."""

    why = "refused_sender"


class TimedOut(NotDelivered):
    """The server does not answer in time."""

    why = "timeout"


class Transport(Protocol):
    """A way to hand over one letter; raises NotDelivered."""

    def send(self, message: EmailMessage) -> None:
        """Hand the letter over, from its From to its To."""


class SmtpTransport:
    """A mail server named by ``smtp[s]://user:password@host:port``; one connection a letter.

    ``smtps`` is TLS from the start; ``smtp`` uses STARTTLS when it is offered, and insists on it before credentials
    leave. Certificates are checked with ``smtps`` and with credentials, not for the opportunistic STARTTLS of a relay
    without a login: whoever can forge one there could as well hide the offer, and relays often sign their own.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT_S, trusted: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("the mail server's address is smtp[s]://[user:password@]host[:port]")
        self._tls_first = parts.scheme == "smtps"
        self._host, self._port = parts.hostname, parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout = min(timeout, TIMEOUT_S)
        checked = self._tls_first or bool(self._user)
        self._context = (trusted or ssl.create_default_context()) if checked else _unchecked()

    def send(self, message: EmailMessage) -> None:
        """Hand the letter over; raises NotDelivered, outside any ``except`` so that it carries no smtplib error."""
        outcome = self._outcome(message)
        if outcome is not None:
            raise outcome

    def _outcome(self, message: EmailMessage) -> NotDelivered | None:
        try:
            server = self._connect(str(message["From"].addresses[0].domain))
        except _FAILURES as error:
            return read_failure(error)
        try:
            self._greet(server)
            sender, recipient = (str(message[name].addresses[0].addr_spec) for name in ("From", "To"))
            server.send_message(message, sender, [recipient])
        except _FAILURES as error:
            return read_failure(error)
        else:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()
        return None

    def _connect(self, name: str) -> smtplib.SMTP:
        if self._tls_first:
            return smtplib.SMTP_SSL(
                self._host, self._port, local_hostname=name, timeout=self._timeout, context=self._context
            )
        return smtplib.SMTP(self._host, self._port, local_hostname=name, timeout=self._timeout)

    def _greet(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        if not self._tls_first and (self._user or server.has_extn("starttls")):
            server.starttls(context=self._context)
            server.ehlo()
        if self._user:
            server.login(self._user, self._password)

    def __repr__(self) -> str:
        return "SmtpTransport()"


def read_failure(error: Exception) -> NotDelivered:
    """What a failure means for the letter; a refusal of our name, password, connection or address is not its fault."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        error = smtplib.SMTPResponseException(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return _read_answer(error)
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return TimedOut()
    if isinstance(error, smtplib.SMTPNotSupportedError) and "SMTPUTF8" in str(error):
        return Rejected(None, "5.6.7")
    return Unreachable()


def _read_answer(error: smtplib.SMTPResponseException) -> NotDelivered:
    words = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
    found = _ENHANCED.search(words)
    status, enhanced = error.smtp_code, found[0].decode() if found else None
    if status < 0 or isinstance(error, _ABOUT_US) or status == _AUTHENTICATION_REQUIRED:
        return Unreachable(status if status > 0 else None, enhanced)
    if isinstance(error, smtplib.SMTPSenderRefused) and status >= _HARD and status != _TOO_LARGE:
        return SenderRefused(status, enhanced)
    return (Rejected if status >= _HARD else Deferred)(status, enhanced)


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class KeptMail(msgspec.Struct, frozen=True):
    """A letter in the demo's mailbox, as its reader would see it."""

    mail_id: str
    at: datetime
    recipient: str
    subject: str
    body: str

    def __repr__(self) -> str:
        return "KeptMail()"


class MailboxTransport:
    """The demo's mail server: letters to fictitious citizens, kept in memory only, the newest first."""

    def __init__(self, most: int = 200) -> None:
        self._kept: deque[KeptMail] = deque(maxlen=most)
        self._lock = Lock()

    def send(self, message: EmailMessage) -> None:
        """Keep the letter; the same Message-ID again is the same letter."""
        mail_id = str(message["Message-ID"]).strip("<>").partition("@")[0]
        kept = KeptMail(
            mail_id,
            parsedate_to_datetime(str(message["Date"])),
            str(message["To"]),
            str(message["Subject"]),
            message.get_content(),
        )
        with self._lock:
            if all(earlier.mail_id != mail_id for earlier in self._kept):
                self._kept.appendleft(kept)

    def kept(self) -> Sequence[KeptMail]:
        """The letters, the newest first."""
        with self._lock:
            return list(self._kept)
