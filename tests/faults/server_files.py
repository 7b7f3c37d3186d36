"""The files of a real PostgreSQL server, where a test may read them: tables, write-ahead log, and what it logged."""

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import psycopg
from psycopg import sql

from tests.faults.closing import unable

_TABLES = """
WITH own AS (
    SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE starts_with(n.nspname, 'suivi_')
), long AS (SELECT reltoastrelid AS oid FROM own WHERE reltoastrelid <> 0)
SELECT pg_relation_filepath(oid) FROM own WHERE relkind IN ('r', 'i', 'S')
UNION SELECT pg_relation_filepath(oid) FROM long
"""
"""Tables, indexes and counters of our schemas, and where their long values lie."""


class ServerFiles:
    """What one database leaves on the server's disk from now on; skips where only the server itself may look."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url, autocommit=True) as connection:
            if _one(connection, "SHOW is_superuser") != "on":
                raise unable("only a superuser is told where PostgreSQL keeps its files")
            self.directory = Path(_one(connection, "SHOW data_directory"))
            if not os.access(self.directory, os.R_OK | os.X_OK):
                raise unable("PostgreSQL’s files may not be read here (only root and the server itself may)")
            self._first, self._offset = _position(connection)
        self._log = _log_of(self.directory)
        self._logged = self._log.stat().st_size if self._log else 0

    def copy(self, into: Path, *, wal: bool = True) -> None:
        """Every table and index as it is on the disk, what the server logged and the write-ahead log written since.

        The latter is everybody's: it also holds what other databases of the server wrote meanwhile.
        """
        into.mkdir(parents=True)
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            last, end = _position(connection)
            for (path,) in connection.execute(_TABLES):
                for part in sorted(self.directory.joinpath(path).parent.glob(f"{Path(path).name}*")):
                    copyfile(part, into / part.name)
        for segment in self._segments(last) if wal else ():
            content = segment.read_bytes()
            start, stop = (self._offset if segment.name == self._first else 0), (end if segment.name == last else None)
            (into / segment.name).write_bytes(content[start:stop])
        if self._log is not None:
            (into / "server.log").write_bytes(self.logged())

    def logged(self) -> bytes:
        """What the server wrote into its own log since; skips where it keeps none that can be read."""
        if self._log is None:
            raise unable("PostgreSQL keeps no log that can be read here")
        with self._log.open("rb") as log:
            log.seek(self._logged)
            return log.read()

    def _segments(self, last: str) -> Iterator[Path]:
        for path in sorted(self.directory.joinpath("pg_wal").iterdir()):
            if path.is_file() and len(path.name) == len(last) and self._first <= path.name <= last:
                yield path


def values(url: str) -> Iterator[bytes]:
    """Every value of every row as the database itself reads it, whatever the server's files compress."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE starts_with(schemaname, 'suivi_')"
        ).fetchall()
        assert len(names) > 10
        for schema, table in names:
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))):
                yield b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)


def _position(connection: psycopg.Connection) -> tuple[str, int]:
    """The file of the write-ahead log in which the next write lands, and where in it."""
    row = connection.execute(
        "SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_insert_lsn())"
    ).fetchone()
    assert row is not None
    name, offset = row
    return str(name), int(offset)


def _log_of(directory: Path) -> Path | None:
    """The file that is the standard error of the server's first process."""
    number = directory.joinpath("postmaster.pid").read_text().split("\n", 1)[0]
    target = Path(f"/proc/{number}/fd/2")
    path = target.readlink() if os.access(target, os.R_OK) else None
    return path if path is not None and path.is_file() else None


def _one(connection: psycopg.Connection, statement: str) -> str:
    row = connection.execute(statement).fetchone()  # type: ignore[call-overload]  # our own words
    assert row is not None
    return str(row[0])
