"""A verification copies sealed names and tokens: stopped, it takes them away; killed, others do."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from suivi.rebuilding import sweep
from tests.suivi.conftest import CommandLine

PROGRAM = """
import signal, sys
from projections.rebuild import Rebuild
from suivi.cli import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it,
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and this one as well
whole = Rebuild.run
def run_and_wait(*arguments):
    whole(*arguments)
    print("copied", flush=True)
    signal.pause()
Rebuild.run = run_and_wait
sys.exit(run(["verify"]))
"""


@contextmanager
def verifying(town: CommandLine) -> Iterator[subprocess.Popen[str]]:
    """A verification that waits while its copy is whole."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "copied\n"
        assert len(copies(town)) == 1
        try:
            yield process
        finally:
            process.kill()


def killed(town: CommandLine) -> None:
    with verifying(town) as process:
        process.kill()
        process.wait()
    assert len(copies(town)) == 1


def copies(town: CommandLine) -> list[str]:
    return [path.parent.name for path in town.directory.glob("verify-*/views.sqlite3")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_stopped_verification_leaves_nothing(town: CommandLine, number: signal.Signals) -> None:
    with verifying(town) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (1, "suivi : interrompu.")
    assert not list(town.directory.glob("verify-*"))


def test_the_scan_finds_what_a_killed_verification_left(town: CommandLine) -> None:
    assert town("erasure", "scan").code == 0
    killed(town)
    done = town("erasure", "scan", "--json")
    assert (done.code, [left["kind"] for left in done.json["residue"]]) == (1, ["copy"])
    assert copies(town)[0] in done.json["residue"][0]["detail"]


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_the_next_one_removes_what_a_killed_verification_left(town: CommandLine, command: str) -> None:
    killed(town)
    assert town(command).code == 0
    assert not list(town.directory.glob("verify-*"))
    assert town("erasure", "scan").code == 0


def test_the_clock_removes_it_as_well(town: CommandLine) -> None:
    killed(town)
    with town.opened() as installation:
        sweep(installation.stores, installation.clock())
    assert not list(town.directory.glob("verify-*"))


def test_a_copy_in_use_is_nobodys_to_remove(town: CommandLine) -> None:
    with verifying(town):
        assert town("erasure", "scan").code == 0
        assert town("verify").code == 0
        assert town("rebuild").code == 0
        assert len(copies(town)) == 1
