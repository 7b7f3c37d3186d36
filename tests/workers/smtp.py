"""Mail servers on the loopback: an obedient one, and one that says what the test tells it to."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
HANGS_S = 20


class Inbox:
    """Keeps what arrives; ``answers`` are given, in turn, instead of taking the letter."""

    def __init__(self, *answers: str, at: str = "DATA") -> None:
        self.letters: list[Envelope] = []
        self._answers, self._at = list(answers), at

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self._at == "MAIL" and self._answers:
            return self._answers.pop(0).format(address=address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if self._at == "RCPT" and self._answers:
            return self._answers.pop(0).format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self._at == "DATA" and self._answers:
            return self._answers.pop(0).format(address=envelope.rcpt_tos[0])
        self.letters.append(envelope)
        return "250 2.0.0 taken"


class MailServer(Controller):
    """The library's server, which alone would stop with its connections open, to be found by the garbage collector."""

    def __init__(self, inbox: Any, **options: Any) -> None:
        super().__init__(inbox, hostname=HOST, port=free_port(), **options)
        self._sessions: list[SMTP] = []

    def factory(self) -> SMTP:
        self._sessions.append(super().factory())
        return self._sessions[-1]

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(HANGS_S)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        while open_ := [session.transport for session in self._sessions if session.transport is not None]:
            for transport in open_:
                transport.abort()
            await asyncio.sleep(0)


@contextmanager
def mail_server(inbox: Any, **options: Any) -> Iterator[int]:
    """A real server on a free port."""
    server = MailServer(inbox, **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def rude_server(talk: Callable[[socket.socket, Event], None]) -> Iterator[int]:
    """A server that does with each connection what it is told, until ``over`` is set."""
    listener, over = socket.create_server((HOST, 0)), Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if over.is_set():
                    return
                talk(connection, over)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield port
    finally:
        over.set()
        with socket.socket() as last:  # wakes the accept
            last.connect_ex((HOST, port))
        thread.join(10)
        listener.close()


def silent(_connection: socket.socket, over: Event) -> None:
    """Accept, and say nothing."""
    over.wait(30)


def greeting(text: str) -> Callable[[socket.socket, Event], None]:
    """Greet with this and hang up."""
    return lambda connection, _over: connection.sendall(text.encode() + b"\r\n")


def vanishing(after: bytes) -> Callable[[socket.socket, Event], None]:
    """Obey until the client has sent this, then hang up without an answer."""
    return lambda connection, _over: _obey(connection, after)


def stalling(after: bytes) -> Callable[[socket.socket, Event], None]:
    """Obey until the client has sent this, then never answer."""

    def talk(connection: socket.socket, over: Event) -> None:
        if _obey(connection, after):
            over.wait(30)

    return talk


def _obey(connection: socket.socket, until: bytes) -> bool:
    connection.sendall(b"220 rude\r\n")
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
        if until in received.upper():
            return True
        if received.endswith(b"\r\n"):
            connection.sendall(b"354 go on\r\n" if received.upper().endswith(b"DATA\r\n") else b"250 OK\r\n")
    return False


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def only_lucie(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
    """Knows one user, whose password needs percent-encoding in a URL."""
    known = (login.login, login.password) == (b"lucie@ville", b"p@ss:/w?rd")
    return AuthResult(success=known, handled=known)


def certificate(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A context for a server with a fresh self-signed certificate, and one for a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))
