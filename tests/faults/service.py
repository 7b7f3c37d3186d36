"""``suivi`` in processes of its own: started from nothing, or forked from a nursery that has read the code already.

A forked service differs from a started one only in who imported the modules. Thirty kills then take seconds; with
``SUIVI_FAULTS=full`` every service is started from nothing.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Protocol, Self

from tests.faults.closing import FULL
from tests.faults.hall import Hall, clean_environment

NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["suivi.commands.running", "suivi.serving", "suivi.cli", "tests.faults.service"])


def ahead_by(seconds: float = 0.0) -> Any:
    """How far ahead the clocks of children are; without a lock, which a child killed in it would never give back."""
    return NURSERY.Value("d", seconds, lock=False)


READY_WITHIN_S = 60


class Running(Protocol):
    """A process that a test started."""

    pid: int

    def wait(self, timeout: float) -> int:
        """Its exit code once it has ended."""


class Started:
    """A process started from nothing, through ``wrapper`` if one is given."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path, wrapper: Sequence[str]) -> None:
        command = [*wrapper, sys.executable, "-m", "suivi.cli", *words]
        with log.open("ab") as err:
            self._process = subprocess.Popen(
                command, env=clean_environment(environment), stdout=subprocess.PIPE, stderr=err, text=True
            )
        self.pid, self.out = self._process.pid, self._process.stdout

    def wait(self, timeout: float) -> int:
        return self._process.wait(timeout)

    def traced(self) -> int:
        """The process inside the wrapper."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(children[0])


class Forked:
    """A process forked from the nursery."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        reader, writer = NURSERY.Pipe(duplex=False)
        self._process = NURSERY.Process(target=_command, args=(list(words), dict(environment), str(log), writer))
        self._process.start()
        writer.close()
        self.out = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        assert self._process.exitcode is not None, "still running"
        return self._process.exitcode


def _command(words: list[str], environment: Mapping[str, str], log: str, out: Connection) -> None:
    """In the child: the command line itself, with stdout into the pipe and stderr into the log."""
    become(environment, log)
    os.dup2(out.fileno(), 1)
    from suivi.cli import run  # noqa: PLC0415 — in the child only

    sys.exit(run(words))


def become(environment: Mapping[str, str], log: str) -> None:
    """Take another environment, and write stdout and stderr into a file."""
    os.environ.clear()
    os.environ.update(clean_environment(environment))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.stdout, sys.stderr = (open(stream, "w", buffering=1, closefd=False) for stream in (1, 2))  # noqa: SIM115 — the process's own streams


class Resident:
    """A command that stays until it is told to stop, and has said that it is ready once this is made.

    ``said`` is what it wrote to its standard output, known once it has ended; ``log`` has its standard error.
    """

    READY = "travaille"

    def __init__(self, hall: Hall, words: Sequence[str], *, wrapper: Sequence[str] = (), **extra: str) -> None:
        self.log = hall.directory.parent / f"{words[0]}.log"
        environment = {**hall.environment, **extra}
        self._out: IO[str] | None
        self._process: Running
        if wrapper or FULL:
            started = Started(words, environment, self.log, wrapper)
            self._process, self._out = started, started.out
        else:
            forked = Forked(words, environment, self.log)
            self._process, self._out = forked, forked.out
        self.pid, self._over = self._process.pid, False
        assert self._out is not None
        line = self._out.readline()
        assert self.READY in line, self.log.read_text()
        self.said = line
        if isinstance(self._process, Started) and wrapper:
            self.pid = self._process.traced()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Die at once, as in a power cut."""
        self.signal(signal.SIGKILL)
        assert self.end(20) == -signal.SIGKILL

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.end(20)

    def end(self, timeout: float) -> int:
        code = self._process.wait(timeout)
        self._over = True
        if self._out is not None:
            self.said += self._out.read()
            self._out.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._over:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self.end(20)


class Service(Resident):
    """``suivi serve`` on one port."""

    READY = "répond"

    def __init__(self, hall: Hall, port: int | None = None, *, wrapper: Sequence[str] = (), **extra: str) -> None:
        self.port = port or free_port()
        super().__init__(hall, ["serve", "--port", str(self.port)], wrapper=wrapper, **extra)


class WorkerProcess(Resident):
    """``suivi worker``, which delivers and sweeps beside the services."""

    def __init__(self, hall: Hall, **extra: str) -> None:
        super().__init__(hall, ["worker"], **extra)


def suivi(hall: Hall, *words: str) -> "Command":
    """Start a command and return at once."""
    return Command(hall, words)


class Command:
    """A command of the operator, running."""

    def __init__(self, hall: Hall, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "suivi.cli", *words],
            env=clean_environment(hall.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self, timeout: float = 120) -> tuple[int, str, str]:
        """Exit code, stdout and stderr once it has ended."""
        out, err = self._process.communicate(timeout=timeout)
        return self._process.returncode, out, err


@contextmanager
def child(target: Any, *arguments: Any) -> Iterator[Any]:
    """A function in a process forked from the nursery; killed at the end if it still runs."""
    process = NURSERY.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(20)
        process.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
