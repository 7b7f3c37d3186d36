"""The embedded server: those who read slowly, or not at all, keep nobody else waiting."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore, Thread

import pytest
from flask import Flask, Response

from suivi import server
from suivi.server import THREADS, WebServer, bind

HANGS_S = 20
PIECE, PIECES = b"x" * 500_000, 52
"""Twenty-six million bytes: more than a system's buffers, and than the library lets wait by itself."""


class Asked:
    """An application with a long answer and a short one, behind the real server."""

    def __init__(self) -> None:
        self.begun = Semaphore(0)
        app = Flask("town")
        app.add_url_rule("/long", "long", self._long)
        app.add_url_rule("/short", "short", lambda: "bonjour")
        self._server = WebServer(app, bind("127.0.0.1", 0), behind_proxy=False)
        self._address = self._server._server.socket.getsockname()
        self._running = Thread(target=self._server.run, daemon=True)
        self._running.start()

    def _long(self) -> Response:
        self.begun.release()
        return Response((PIECE for _ in range(PIECES)), headers={"Content-Length": str(len(PIECE) * PIECES)})

    def stop(self) -> None:
        self._server.stop()
        self._running.join(HANGS_S)
        self._server._server.trigger.close()

    @contextmanager
    def ask(self, path: str) -> Iterator[socket.socket]:
        """A connection that has asked and read nothing yet."""
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.settimeout(HANGS_S)
            connection.connect(self._address)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: town\r\nConnection: close\r\n\r\n".encode())
            yield connection

    def read(self, path: str) -> bytes:
        """The answer to somebody who reads."""
        with self.ask(path) as connection:
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes, kindly or not."""
    read = bytearray()
    try:
        while piece := connection.recv(1 << 20):
            read += piece
    except ConnectionResetError:
        pass
    return bytes(read)


@pytest.fixture
def asked() -> Iterator[Asked]:
    server = Asked()
    yield server
    server.stop()


@pytest.fixture
def slow(asked: Asked) -> Iterator[list[socket.socket]]:
    """More readers who never read than the server has threads."""
    opened = [asked.ask("/long") for _ in range(THREADS + 1)]
    yield [one.__enter__() for one in opened]
    for one in opened:
        one.__exit__(None, None, None)


def test_readers_who_never_read_leave_every_thread_free(asked: Asked, slow: list[socket.socket]) -> None:
    for _ in slow[:THREADS]:
        assert asked.begun.acquire(timeout=HANGS_S)
    assert asked.read("/short").endswith(b"bonjour")


def test_a_slow_reader_still_gets_the_whole(asked: Asked, slow: list[socket.socket]) -> None:
    assert asked.read("/short").endswith(b"bonjour")
    _, _, body = everything(slow[0]).partition(b"\r\n\r\n")
    assert len(body) == len(PIECE) * PIECES


def test_what_waits_for_them_in_memory_is_bounded(
    asked: Asked, slow: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_UNSENT", len(PIECE))
    for _ in slow:
        assert asked.begun.acquire(timeout=HANGS_S)
    assert asked.read("/short").endswith(b"bonjour")
    for connection in slow:
        assert len(everything(connection)) < len(PIECE) * PIECES
