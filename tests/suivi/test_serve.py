"""The service itself, as a process: it refuses before it starts, answers, and stops cleanly."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suivi.serving import MARK
from tests.suivi.conftest import CommandLine

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Service:
    """``suivi serve`` on a port of its own."""

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SUIVI_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "suivi.cli", "serve", "--port", "0", *arguments],
            env=clean | {"SUIVI_DATA_DIR": str(directory), "PYTHONUNBUFFERED": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def port(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = ADDRESS.search(line)
        assert found, line
        return int(found[1])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


@pytest.fixture
def service(suivi: CommandLine) -> Iterator[Service]:
    service = Service(suivi.directory)
    yield service
    if service.process.poll() is None:
        service.process.kill()
    service.process.communicate()


def ask(port: int, method: str, path: str, **rest: Any) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, **rest)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_it_answers_and_stops(service: Service) -> None:
    port = service.port()
    answer = ask(port, "GET", "/connexion")
    assert answer.status == 200
    assert answer.getheader("Server") is None
    assert ask(port, "GET", "/health/ready").status == 200
    begun = time.monotonic()
    code, err = service.stop()
    assert code == 0
    assert time.monotonic() - begun < 10
    assert "Traceback" not in err


def test_ctrl_c_stops_it_as_well(service: Service) -> None:
    service.port()
    assert service.stop(signal.SIGINT)[0] == 0


def test_accepted_requests_finish_while_it_stops(service: Service) -> None:
    """P17: every request that was sent before the stop is answered; connections that say nothing do not delay it."""
    port = service.port()
    idle = socket.create_connection(("127.0.0.1", port))
    answers: list[int] = []

    def visit() -> None:
        answers.append(ask(port, "GET", "/connexion").status)

    asking = [threading.Thread(target=visit) for _ in range(40)]
    for thread in asking:
        thread.start()
    time.sleep(0.2)
    begun = time.monotonic()
    code, err = service.stop()
    for thread in asking:
        thread.join()
    idle.close()
    assert (code, len(answers), set(answers)) == (0, 40, {200}), err
    assert time.monotonic() - begun < 10


def test_a_port_in_use_is_refused_before_anything_starts(suivi: CommandLine) -> None:
    before = sorted(suivi.directory.rglob("*"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = suivi("serve", "--port", port)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"suivi : Le port {port} est déjà utilisé : arrêtez l’autre service ou choisissez --port.\n"
    assert sorted(suivi.directory.rglob("*")) == before


def test_an_impossible_address_is_refused(suivi: CommandLine) -> None:
    assert suivi("serve", "--host", "no.such.host.invalid").code == 1
    assert suivi("serve", "--host", "192.0.2.1").code == 1
    assert suivi("serve", "--port", "65536").code == 2


def test_a_demo_directory_is_never_served(suivi: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    (suivi.directory / MARK).touch()
    for command in ("serve", "worker"):
        done = suivi(command)
        assert done.code == 1
        assert "démonstration" in done.err


def test_nothing_to_serve(new_town: CommandLine) -> None:
    assert "suivi init" in new_town("serve", "--port", "0").err


def test_a_worker_needs_a_broker_that_it_knows(suivi: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SUIVI_BROKER_URL est vide" in suivi("worker").err
    monkeypatch.setenv("SUIVI_BROKER_URL", "http://user:secret@localhost")
    done = suivi("worker")
    assert done.code == 1
    assert "secret" not in done.err


def test_a_mail_server_that_is_none_is_refused(suivi: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUIVI_SMTP_URL", "imap://user:secret@localhost")
    done = suivi("serve", "--port", "0")
    assert done.code == 1
    assert "SUIVI_SMTP_URL" in done.err
    assert "secret" not in done.err


def test_other_hosts_are_refused_and_bodies_are_limited(service: Service) -> None:
    port = service.port()
    assert ask(port, "GET", "/connexion", headers={"Host": "elsewhere.example"}).status == 400
    assert ask(port, "POST", "/connexion", body=b"a=" + b"x" * 600_000).status == 413
    assert service.stop()[0] == 0
