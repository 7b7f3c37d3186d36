"""The library's SQLite pool over hardened connections, with a short way in for reads and one writer at a time."""

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final

from eventsourcing import persistence
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool

from store.engines import BUSY_TIMEOUT_S, connect_sqlite

_KINDS: Final = (
    (sqlite3.IntegrityError, persistence.IntegrityError),
    (sqlite3.OperationalError, persistence.OperationalError),
    (sqlite3.DatabaseError, persistence.DatabaseError),
    (sqlite3.InterfaceError, persistence.InterfaceError),
)
CLOSED: Final = "the register is closed"


class Pool(SQLiteConnectionPool):
    """Hardened connections instead of the library's, which keep a cache of one statement and no ``secure_delete``.

    A read takes an idle connection in one step and runs in autocommit; the library's way passes four locks and a
    BEGIN/ROLLBACK pair.
    """

    def __init__(self, db_name: str) -> None:
        super().__init__(db_name=db_name)
        self._idle: deque[sqlite3.Connection] = deque()
        self._one_writes = Lock()

    def rows(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """What one SELECT finds."""
        connection = self._take()
        try:
            return connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise in_the_librarys_words(error) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its first line; all of it is kept, or nothing."""
        if not self._one_writes.acquire(timeout=BUSY_TIMEOUT_S):
            raise persistence.OperationalError("another thread has been writing for too long")
        connection = None
        try:
            connection = self._take()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise in_the_librarys_words(error) from error
        finally:
            if connection is not None:
                self._give_back(connection)
            self._one_writes.release()

    def close(self) -> None:
        super().close()
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        if self.closed:
            raise persistence.InterfaceError(CLOSED)
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """A connection that cannot be rolled back is not used again."""
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.rollback()
        if self.closed or connection.in_transaction:
            connection.close()
        else:
            self._idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        try:
            return connect_sqlite(self.db_name)
        except sqlite3.Error as error:
            raise persistence.InterfaceError(error) from error

    def _create_connection(self) -> SQLiteConnection:
        connection = self._open()
        connection.row_factory = sqlite3.Row
        return SQLiteConnection(sqlite_conn=connection, max_age=self.max_age)


def in_the_librarys_words(error: sqlite3.Error) -> persistence.PersistenceError:
    """The same error as the library's callers know it."""
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), persistence.PersistenceError)
    return kind(error)
