"""The read models that serve, and their successors: a pointer that flips, and an engine that follows it.

On SQLite a generation is a file and the pointer a symbolic link, ``views.sqlite3``, replaced in one step; before the
first rebuild it is the file itself. On PostgreSQL (``suivi.schemas``) it is a schema, and the pointer a row. The
pointer tells the version as well: a process of another version stays on its own generation until it is started again.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from projections.statements import Driver
from projections.tables import VERSION
from projections.views import WrongViews
from store.engines import NORMAL, connect_sqlite, refuse_network
from store.secrets import sync_directory

_SIDES: Final = ("", "-wal", "-shm")
_FAST: Final = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "locking_mode=EXCLUSIVE",
    "cache_size=-32768",
    "temp_store=FILE",
)


class Building(Protocol):
    """A generation that is being built; nobody reads it."""

    bulk: Engine
    """For the bulk inserts into an empty place, in one transaction."""
    engine: Engine
    """For what happened meanwhile; used after ``settle``."""

    def settle(self) -> None:
        """Put what was built on the disk."""


class Generations(Protocol):
    """Where the read models of one installation are."""

    engine: Engine
    """Each connection taken from it is one to the generation that serves at that moment."""

    question: str
    """Where a connection leads; see ``projections.projector.Served``."""

    def answered(self, rows: Sequence[Any]) -> bool:
        """Whether the generation it leads to still serves; asked with its write lock held."""

    @contextmanager
    def building(self) -> Iterator[Building]:
        """An empty place for a new generation."""

    def flip(self, built: Any, driver: Driver | None) -> None:
        """Let a new generation serve, under the write lock of the old one."""

    def sweep(self) -> None:
        """Remove every generation but the one that serves."""


class _File:
    """A new file: written without a journal, since a half-built one is thrown away, and hardened afterwards.

    Indexes of millions of rows are sorted in files beside it that have no name, not in memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_network(path)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self.bulk = create_engine(f"sqlite:///{path}", creator=self._fast)
        self.engine = create_engine(f"sqlite:///{path}", creator=lambda: connect_sqlite(str(path), NORMAL))

    def settle(self) -> None:
        """Every connection is closed here, so that none loses its locks by this one's end."""
        self.bulk.dispose()
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_directory(self.path.parent)

    def close(self) -> None:
        self.bulk.dispose()
        self.engine.dispose()

    def _fast(self) -> Any:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        for pragma in (*_FAST, f"temp_store_directory='{str(self.path.parent).replace(chr(39), chr(39) * 2)}'"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection


class FileGenerations:
    """Generations in files beside each other, ``views-2.v1.sqlite3`` after ``views.sqlite3``."""

    question = "PRAGMA database_list"

    def __init__(self, path: Path) -> None:
        self._path, self._name = path, re.compile(rf"{re.escape(path.stem)}-(\d+)\.v(\d+){re.escape(path.suffix)}")
        self._last: str | None = None
        self.engine = create_engine(f"sqlite:///{path}", creator=self._connect)
        follow(self.engine, self._is_current)

    def answered(self, rows: Sequence[Any]) -> bool:
        name, serving = Path(rows[0][2]).name, self._serving()
        return name == serving or self._is_of_another_version(serving)

    @contextmanager
    def building(self) -> Iterator[_File]:
        names = (self._serving(), *self._names())
        numbers = [int(found[1]) for name in names if (found := self._name.match(name))]
        name = f"{self._path.stem}-{max(numbers, default=1) + 1}.v{VERSION}{self._path.suffix}"
        built = _File(self._path.with_name(name))
        try:
            yield built
        finally:
            built.close()

    def flip(self, built: _File, driver: Driver | None) -> None:
        """A new link takes the place of the old one, or of the first file, in one step."""
        del driver
        link = self._path.with_name(f"{self._path.name}.link")
        link.unlink(missing_ok=True)
        link.symlink_to(built.path.name)
        link.replace(self._path)
        sync_directory(self._path.parent)

    def sweep(self) -> None:
        """Those who still read a removed file go on reading it; nobody can open it any more."""
        serving = self._serving()
        names = [name for name in self._names() if self._name.match(name)]
        kept = {f"{serving}{side}" for side in _SIDES}
        first = [] if serving == self._path.name else [f"{self._path.name}{side}" for side in _SIDES[1:]]
        for name in (*names, *first):
            if name not in kept:
                self._path.with_name(name).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        return [path.name for path in self._path.parent.iterdir()]

    def _serving(self) -> str:
        try:
            return self._path.readlink().name
        except OSError:
            return self._path.name

    def _is_current(self, connection: Any) -> bool:
        return self.answered(connection.execute(self.question).fetchall())

    def _is_of_another_version(self, name: str) -> bool:
        found = self._name.fullmatch(name)
        return found is not None and int(found[2]) != VERSION

    def _connect(self) -> Any:
        """Only the first file is ever made here: in the place of a removed generation an empty one would answer."""
        while True:
            serving = self._serving()
            name = self._own(serving)
            try:
                connection = connect_sqlite(str(self._path.with_name(name)), NORMAL, create=name == self._path.name)
            except sqlite3.OperationalError as error:
                if self._path.with_name(name).exists():
                    raise
                if serving == self._serving():
                    raise WrongViews(f"{name} is gone") from error
                continue
            if self._is_current(connection):
                self._last = name
                return connection
            connection.close()

    def _own(self, serving: str) -> str:
        """A process of another version goes on where it was; the first file is no more once a link has its name."""
        if self._last is None or not self._is_of_another_version(serving):
            return serving
        if self._last == self._path.name:
            raise WrongViews(f"{serving} serves")
        return self._last


def follow(engine: Engine, is_current: Callable[[Any], bool]) -> None:
    """Replace a pooled connection to a generation that does not serve any more, before it is used."""

    @event.listens_for(engine, "checkout")
    def _(connection: Any, _: Any, __: Any) -> None:
        if not is_current(connection):
            raise DisconnectionError("other read models serve")
