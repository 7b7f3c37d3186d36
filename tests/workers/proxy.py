"""A mail relay that misbehaves: it delays, hangs up after DATA, half-closes, refuses for now or for good."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from threading import Event, Lock, Thread

from tests.workers.smtp import HOST

END = b"\r\n.\r\n"
FAULTS = (*["none"] * 6, "delay", "cut after DATA", "cut before DATA", "half-close", "451", "451 at DATA")
SILENCE = "silence"
"""Nothing is answered for longer than anybody waits."""
_DELAY_S, _SILENCE_S, _TIMEOUT_S = 0.05, 15, 20


class FaultyRelay:
    """Stands before a real server; ``refused`` recipients are refused for good, the rest as chance has it."""

    def __init__(self, port: int, seed: int, faults: Sequence[str] = FAULTS) -> None:
        self._server, self._random, self.faults = port, Random(seed), list(faults)
        self.refused: set[bytes] = set()
        self.met: Counter[str] = Counter()
        self._lock, self._over = Lock(), Event()
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._begin(self._accept)

    def stop(self) -> None:
        """Hang up on everybody; no thread and no socket outlives this."""
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(_TIMEOUT_S)
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_TIMEOUT_S)
        assert not any(thread.is_alive() for thread in self._threads)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    @contextmanager
    def _held(self, one: socket.socket) -> Iterator[socket.socket]:
        with one:
            with self._lock:
                self._open.add(one)
            try:
                yield one
            finally:
                with self._lock:
                    self._open.discard(one)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._carry, client)

    def _carry(self, client: socket.socket) -> None:
        with self._lock:
            fault = self._random.choice(self.faults)
            self.met[fault] += 1
        with (
            suppress(OSError),
            self._held(client),
            self._held(socket.create_connection((HOST, self._server), _TIMEOUT_S)) as server,
        ):
            client.settimeout(_TIMEOUT_S)
            if not self._over.is_set():
                self._talk(client, server, fault)

    def _talk(self, client: socket.socket, server: socket.socket, fault: str) -> None:
        """In lockstep: smtplib never sends a command before the last one is answered."""
        client.sendall(whole_answer(server))
        in_data = False
        while chunk := client.recv(65_536):
            while in_data and not chunk.endswith(END):
                chunk += client.recv(65_536)
            if (answer := self._answered_here(chunk, fault, in_data=in_data)) is not None:
                client.sendall(answer)
                continue
            if in_data and fault in ("cut before DATA", SILENCE):
                if fault == SILENCE:
                    self._over.wait(_SILENCE_S)
                return
            server.sendall(chunk)
            answer = whole_answer(server)
            if in_data and fault in ("cut after DATA", "half-close"):
                if fault == "half-close":
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1)
                return
            if fault == "delay":
                self._over.wait(_DELAY_S)
            in_data = answer.startswith(b"354")
            client.sendall(answer)

    def _answered_here(self, chunk: bytes, fault: str, *, in_data: bool) -> bytes | None:
        command = b"" if in_data else chunk.upper()
        if command.startswith(b"RCPT") and any(address in chunk for address in self.refused):
            return b"550 5.1.1 nobody of that name\r\n"
        if command.startswith(b"RCPT") and fault == "451":
            return b"451 4.3.0 come back later\r\n"
        if command.startswith(b"DATA") and fault == "451 at DATA":
            return b"451 4.7.1 greylisted\r\n"
        return None


def whole_answer(server: socket.socket) -> bytes:
    """All lines of an answer: the last one has a space after its number (RFC 5321, 4.2.1)."""
    answer = b""
    while not (answer.endswith(b"\r\n") and answer.splitlines()[-1][3:4] == b" "):
        chunk = server.recv(65_536)
        if not chunk:
            raise ConnectionError("the server hung up")
        answer += chunk
    return answer


@contextmanager
def faulty_relay(port: int, seed: int) -> Iterator[FaultyRelay]:
    """A misbehaving relay before a real server."""
    relay = FaultyRelay(port, seed)
    try:
        yield relay
    finally:
        relay.stop()
