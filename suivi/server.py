"""The embedded web server: waitress with limits, nothing spooled to a file, and a clean stop.

waitress alone drops what is still in its buffers when it is told to stop; here the loop goes on until every accepted
request is answered, or for ``DRAIN_S`` seconds.
"""

import errno
import select
import socket
from time import monotonic
from typing import Any, Final

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from suivi.refusals import CommandRefused
from suivi.system_errors import why

THREADS: Final = 8
LARGEST_BODY: Final = 1_000_000
MOST_UNSENT: Final = 256_000_000
"""What may wait in memory, all connections together, for those who read slowly; no thread ever waits for them."""
DRAIN_S: Final = 6.0
_GRACE_S: Final = 0.3
_TICK_S: Final = 1.0
_LIMITS: Final[dict[str, Any]] = {
    "threads": THREADS,
    "connection_limit": 1_000,
    "channel_timeout": 20,
    "cleanup_interval": 5,
    "backlog": 1_024,
    "max_request_header_size": 65_536,
    "max_request_body_size": LARGEST_BODY,
    "inbuf_overflow": 2 * LARGEST_BODY,  # above the limit, so that no form ever touches a temporary file
    "outbuf_overflow": 1 << 30,  # the same for pages
    "outbuf_high_watermark": MOST_UNSENT,  # a thread that waits for a reader answers nobody
    "ident": None,
    "expose_tracebacks": False,
    "log_socket_errors": False,
    "asyncore_use_poll": True,
}


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything is started; raises CommandRefused when somebody has it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise CommandRefused(f"L’adresse {host} est inconnue de cette machine.") from error
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise refused_port(error, host, port) from error
    return listening


def refused_port(error: OSError, host: str, port: int) -> CommandRefused:
    """The sentence for a port that cannot be had."""
    if error.errno == errno.EADDRINUSE:
        return CommandRefused(f"Le port {port} est déjà utilisé : arrêtez l’autre service ou choisissez --port.")
    if error.errno == errno.EACCES:
        return CommandRefused(f"Le port {port} est réservé au système : choisissez --port au-dessus de 1023.")
    return CommandRefused(f"L’adresse {host}:{port} ne peut pas être ouverte : {why(error)}.")


class WebServer:
    """Serves one application on one bound socket until ``stop``."""

    def __init__(self, app: Flask, bound: socket.socket, *, behind_proxy: bool) -> None:
        host, port = bound.getsockname()[:2]
        try:
            self._server: Any = create_server(
                app, sockets=[bound], clear_untrusted_proxy_headers=not behind_proxy, **_LIMITS
            )
        except OSError as error:
            raise refused_port(error, host, port) from error
        self._stopping = False

    def stop(self) -> None:
        """Ask for a clean stop; safe in a signal handler."""
        self._stopping = True
        self._server.pull_trigger()

    def run(self) -> None:
        """Serve until asked to stop, then finish what was accepted."""
        while not self._stopping:
            self._turn(_TICK_S)
        self._accept_waiting()
        self._drain()
        self._server.task_dispatcher.shutdown(timeout=1)

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._server._map, count=1)  # noqa: SLF001 — its own loop
        self._let_go()

    def _let_go(self) -> None:
        """Where too much waits unsent, those who have read nothing for the longest time lose their connection."""
        waiting = [channel for channel in self._server.active_channels.values() if channel.total_outbufs_len]
        unsent = sum(channel.total_outbufs_len for channel in waiting)
        if unsent <= MOST_UNSENT:
            return
        for channel in sorted(waiting, key=lambda channel: channel.last_activity):
            unsent -= channel.total_outbufs_len
            channel.handle_close()
            if unsent <= MOST_UNSENT:
                return

    def _accept_waiting(self) -> None:
        """Those whom the system already let in are served; then nobody else."""
        waiting = select.poll()
        waiting.register(self._server.socket, select.POLLIN)
        while waiting.poll(0) and len(self._server.active_channels) < _LIMITS["connection_limit"]:
            self._server.handle_accept()
        self._server.accepting = False
        self._server.del_channel()
        self._server.socket.close()

    def _drain(self) -> None:
        begun = monotonic()
        while self._server.active_channels and (passed := monotonic() - begun) < DRAIN_S:
            self._turn(0.05)
            for channel in list(self._server.active_channels.values()):
                if channel.requests:
                    _ask_to_close(channel)
                elif passed > _GRACE_S and channel.request is None and not channel.total_outbufs_len:
                    channel.handle_close()


def _ask_to_close(channel: Any) -> None:
    """The answer says « Connection: close », so that the client sends nothing more here."""
    for request in list(channel.requests):
        request.headers["CONNECTION"] = "close"
