"""The copies of the read models that verifications make for themselves: none outlives its verification for long.

A copy holds sealed names, and tokens under the search key in use. Its maker holds a lock on its directory, which ends
with the process: whoever finds a copy unlocked removes it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Final

_PREFIX: Final = "verify-"
_LOCK: Final = "verify.lock"
_PRIVATE: Final = 0o700


@contextmanager
def private_copy(data_dir: Path) -> Iterator[Path]:
    """A directory for one copy, gone at the end; those that killed verifications left go first."""
    remove_left(data_dir)
    with _alone(data_dir):
        folder = TemporaryDirectory(prefix=_PREFIX, dir=data_dir)
        held = os.open(folder.name, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with folder as name:
            Path(name).chmod(_PRIVATE)
            yield Path(name)
    finally:
        os.close(held)


def left_copies(data_dir: Path) -> list[Path]:
    """The copies whose verification is over, however it ended."""
    with _alone(data_dir):
        return [path for path in sorted(data_dir.glob(f"{_PREFIX}*")) if path.is_dir() and not _is_held(path)]


def remove_left(data_dir: Path) -> None:
    """Remove the copies that killed verifications left."""
    for path in left_copies(data_dir):
        rmtree(path, ignore_errors=True)


def _is_held(path: Path) -> bool:
    """Whether its verification goes on; one that has just removed it holds it as well."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Between a directory's making and its lock nobody else looks."""
    descriptor = os.open(data_dir / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
