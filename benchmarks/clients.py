"""A server in a process of its own, and a client that keeps its connection."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """One browser or program; cookies are kept."""

    def __init__(self, port: int, process: int) -> None:
        self.port, self.process = port, process
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookies: dict[str, str] = {}
        self.location = ""
        """Where the last answer leads."""

    def get(self, address: str) -> tuple[int, bytes]:
        """The status and the body of a page."""
        return self._send("GET", address, None, {})

    def form(self, address: str, **fields: str | Sequence[str]) -> tuple[int, bytes]:
        """Send a form; a field with several values is sent once for each."""
        return self._send("POST", address, urlencode(fields, doseq=True).encode(), FORM)

    def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send a body."""
        return self._send("POST", address, body, headers)

    def cpu(self) -> float:
        """CPU seconds that the server's threads have used so far (``/proc/…/stat`` counts in hundredths only)."""
        tasks = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident(self) -> int:
        """Bytes that the server holds in memory."""
        return int(Path(f"/proc/{self.process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _send(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        kept = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, address, body, {"Cookie": kept, **headers})
        response = self._connection.getresponse()
        self._keep(response)
        self.location = response.headers.get("Location", "")
        return response.status, response.read()

    def _keep(self, response: HTTPResponse) -> None:
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value


def served(what: str, directory: Path) -> AbstractContextManager[Client]:
    """A contender of ``benchmarks.serving``, served until the block ends."""
    return served_by([sys.executable, "-m", "benchmarks.serving", what, str(directory)])


@contextmanager
def served_by(command: Sequence[str]) -> Iterator[Client]:
    """A program that prints its port and serves until the block ends."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.strip().isdigit():
                raise RuntimeError(f"{command} does not serve")
            yield Client(int(line), process.pid)
        finally:
            process.kill()
