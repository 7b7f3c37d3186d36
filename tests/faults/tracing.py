"""What a process asks of the system, as strace tells it: in the order things were done, each with its end."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.faults.closing import unable

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((\d+)<([^>]*)>(.*)$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_UNFINISHED = " <unfinished ...>"
SYNCS = ("fsync", "fdatasync")
WRITES = ("write", "pwrite64", "pwritev")
SENDS = ("sendto", "sendmsg", "write")


@dataclass(frozen=True)
class Call:
    """One call of one thread on an open file or socket; ``rest`` is what strace wrote of arguments and result."""

    name: str
    file: str
    rest: str
    thread: str = ""


def read_trace(lines: Iterable[str]) -> Iterator[Call]:
    """A sync counts where it ended, everything else where it began."""
    begun: dict[str, tuple[str, str]] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        process, text = found.groups()
        if resumed := _RESUMED.match(text):
            name, file = begun.pop(process, ("", ""))
            if name in SYNCS:
                yield Call(name, file, resumed[2], process)
        elif call := _CALL.match(text):
            name, _, file, rest = call.groups()
            if rest.endswith(_UNFINISHED):
                begun[process] = (name, file)
            if not (name in SYNCS and rest.endswith(_UNFINISHED)):
                yield Call(name, file, rest, process)


@cache
def strace() -> str:
    """The tool; skips, or fails with CI=true, where there is none or where it may not trace."""
    found = shutil.which("strace")
    if found is None:
        raise unable("strace is not installed (apt-get install strace)")
    if subprocess.run([found, "-f", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode:
        raise unable("strace may not trace processes here (ptrace is forbidden)")
    return found


def traced(output: Path, calls: Iterable[str]) -> list[str]:
    """The words before a command that has its calls written into a file."""
    return [strace(), "-f", "-y", "--seccomp-bpf", "-s", "24", "-o", str(output), "-e", "trace=" + ",".join(calls)]
