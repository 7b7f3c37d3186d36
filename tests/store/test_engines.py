"""Every connection keeps what the promises rest on, wherever it comes from."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from store.engines import (
    FULL,
    NORMAL,
    UnsafeStore,
    connect_sqlite,
    file_system_of,
    harden,
    refuse_network,
    sqlite_engine,
)
from store.register import Register
from store.transactions import writing
from tests.store.stories import FIRST

WANTED = {
    "journal_mode": "wal",
    "synchronous": FULL,
    "secure_delete": 1,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "temp_store": 2,
    "busy_timeout": 10_000,
}


@pytest.fixture
def kind() -> str:
    """These are about SQLite; ``test_servers.py`` is about PostgreSQL."""
    return "sqlite"


def pragmas(execute: Callable[[str], sqlite3.Cursor]) -> dict[str, object]:
    """What a connection answers for each pragma."""
    return {name: execute(f"PRAGMA {name}").fetchone()[0] for name in WANTED}


@contextmanager
def open_umask() -> Iterator[None]:
    """A careless operator's umask."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def test_a_connection_is_hardened(tmp_path: Path) -> None:
    connection = connect_sqlite(str(tmp_path / "a.db"))
    assert pragmas(connection.execute) == WANTED
    connection.close()


def test_nothing_is_left_to_the_defaults_of_a_build(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=10)
    for pragma, opposite in {"journal_mode": "delete", "synchronous": 0, "trusted_schema": 1, "temp_store": 1}.items():
        connection.execute(f"PRAGMA {pragma}={opposite}")
    connection.execute("PRAGMA secure_delete=0")
    connection.execute("PRAGMA foreign_keys=0")
    harden(connection)
    assert pragmas(connection.execute) == WANTED
    connection.close()


def test_every_connection_of_an_engines_pool_is_hardened(events: Engine) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(events.connect()).connection.driver_connection for _ in range(8)]
        assert len({id(connection) for connection in connections}) == 8
        assert [pragmas(connection.execute) for connection in connections if connection] == [WANTED] * 8


def test_every_connection_of_the_registers_pool_is_hardened(register: Register) -> None:
    datastore = register.recorder.datastore  # type: ignore[attr-defined]  # the SQLite recorder's
    for writer in (False, True):
        with ExitStack() as stack:
            connections = [
                stack.enter_context(datastore.get_connection(commit=writer)) for _ in range(1 if writer else 5)
            ]
            for connection in connections:
                with connection.cursor() as cursor:
                    assert pragmas(cursor.execute) == WANTED


def test_views_may_be_lazy_and_nothing_else_changes(tmp_path: Path) -> None:
    engine = sqlite_engine(str(tmp_path / "views.db"), NORMAL)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert pragmas(driver.execute) == WANTED | {"synchronous": NORMAL}
    engine.dispose()


def test_a_build_that_does_not_obey_is_refused() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(UnsafeStore, match="journal_mode is memory, not wal"):
        harden(connection)
    connection.close()


def test_files_are_their_owners_even_under_a_careless_umask(tmp_path: Path) -> None:
    with open_umask():
        connection = connect_sqlite(str(tmp_path / "a.db"))
        connection.execute("CREATE TABLE t (x)")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    connection.close()
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_the_registers_files_are_their_owners(register: Register, tmp_path: Path) -> None:
    register.append(FIRST)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.fixture
def mounts(tmp_path: Path) -> str:
    """A fake table of mounted file systems."""
    table = tmp_path / "mounts"
    table.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "server:/share /mnt/share nfs4 rw 0 0\n"
        "/dev/sdb1 /mnt/share/local xfs rw 0 0\n"
        "//nas/d /mnt/le\\040nas cifs rw 0 0\n"
        "tmpfs /mnt/sharper tmpfs rw 0 0\n"
    )
    return str(table)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/suivi/events.db", "ext4"),
        ("/mnt/share/events.db", "nfs4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/local/events.db", "xfs"),
        ("/mnt/sharper/events.db", "tmpfs"),
        ("/mnt/le nas/events.db", "cifs"),
        ("/mnt/share/../events.db", "ext4"),
    ],
)
def test_the_file_system_that_holds_a_path(mounts: str, path: str, kind: str) -> None:
    assert file_system_of(Path(path), mounts) == kind
    if kind in ("nfs4", "cifs"):
        with pytest.raises(UnsafeStore, match="local file system"):
            refuse_network(Path(path), mounts)
    else:
        refuse_network(Path(path), mounts)


def test_a_system_that_does_not_tell_is_trusted(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, str(tmp_path / "absent")) == ""
    refuse_network(tmp_path, str(tmp_path / "absent"))


def test_a_write_holds_the_lock_from_its_first_line(events: Engine) -> None:
    with writing(events), events.connect() as other:
        driver = other.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout=0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            driver.execute("BEGIN IMMEDIATE")
        driver.execute("PRAGMA busy_timeout=10000")


def test_a_write_that_fails_leaves_nothing(events: Engine) -> None:
    insert = text("INSERT INTO intake_keys VALUES (:key, 'AEN')")
    with pytest.raises(IntegrityError), writing(events) as connection:  # noqa: PT012 — the second one fails
        connection.execute(insert, {"key": b"k"})
        connection.execute(insert, {"key": b"k"})
    with events.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM intake_keys")) == 0
