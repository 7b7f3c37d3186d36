"""Connections to the stores: every pragma that matters is set and asserted, on every connection.

SQLite 3.40's defaults are not enough for personal data (``secure_delete``) nor promised by every build.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from threading import Lock
from typing import Final

from sqlalchemy import Engine, create_engine

BUSY_TIMEOUT_S: Final = 10
CACHED_STATEMENTS: Final = 256
FULL: Final = 2
NORMAL: Final = 1
MOUNTS: Final = "/proc/mounts"
_creation: Final = Lock()
_NETWORK_FILE_SYSTEMS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "afs"})


class UnsafeStore(Exception):
    """The database cannot keep what Suivi promises."""


class RefusedPragma(UnsafeStore):
    """This build of SQLite does not obey a setting that the promises rest on."""

    def __init__(self, pragma: str, obeyed: object, wanted: object) -> None:
        super().__init__(f"PRAGMA {pragma} is {obeyed}, not {wanted}")
        self.pragma, self.obeyed, self.wanted = pragma, obeyed, wanted


class RemoteFiles(UnsafeStore):
    """A database file lies on a network file system."""

    def __init__(self, name: str, file_system: str) -> None:
        super().__init__(f"{name} is on {file_system}: SQLite needs a local file system")
        self.name, self.file_system = name, file_system


def connect_sqlite(path: str, synchronous: int = FULL, *, create: bool = True) -> sqlite3.Connection:
    """An autocommit connection with WAL, ``secure_delete`` and the rest set and read back; files are 0600.

    Without ``create`` a missing file is an OperationalError.
    """
    refuse_network(Path(path))
    if create:
        _create_private(path)
    connection = sqlite3.connect(
        f"{Path(path).absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
        timeout=BUSY_TIMEOUT_S,
    )
    try:
        harden(connection, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_private(path: str) -> None:
    """Make a missing file, and never open one that stands (https://www.sqlite.org/howtocorrupt.html, 2.2).

    Closing any descriptor of a database file drops the locks of all connections of this process, after which another
    process that leaves deletes the log with what was just committed.
    """
    with _creation, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def harden(connection: sqlite3.Connection, synchronous: int = FULL) -> None:
    """Set what the promises rest on, and fail loudly if the build does not obey."""
    wanted = {
        "journal_mode": "wal",
        "synchronous": synchronous,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "temp_store": 2,
    }
    for pragma, value in wanted.items():
        connection.execute(f"PRAGMA {pragma}={value}").fetchall()
        obeyed = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if obeyed != value:
            raise RefusedPragma(pragma, obeyed, value)


def sqlite_engine(path: str, synchronous: int = FULL) -> Engine:
    """An SQLAlchemy engine over such connections; a write says BEGIN IMMEDIATE itself (``writing``)."""
    return create_engine(f"sqlite:///{path}", creator=lambda: connect_sqlite(path, synchronous))


def refuse_network(path: Path, mounts: str = MOUNTS) -> None:
    """WAL needs shared memory between the processes, which remote file systems do not give; raises RemoteFiles."""
    file_system = file_system_of(path, mounts)
    if file_system in _NETWORK_FILE_SYSTEMS:
        raise RemoteFiles(path.name, file_system)


def file_system_of(path: Path, mounts: str = MOUNTS) -> str:
    """The type of the file system that holds a path; empty where the system does not tell."""
    try:
        lines = Path(mounts).read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    resolved = str(path.resolve())
    for line in lines:
        _, mount, file_system, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if (resolved + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, file_system
    return kind
