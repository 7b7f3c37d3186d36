"""P1: another process that comes and goes never takes away what this one commits."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from store.engines import connect_sqlite

VISIT = """
import sys
from store.engines import connect_sqlite
connection = connect_sqlite(sys.argv[1])
print(connection.execute("SELECT COUNT(*) FROM t").fetchone()[0])
connection.close()
"""


def visited(path: str) -> int:
    """Another process opens the database, looks and closes it, as each command does."""
    done = subprocess.run([sys.executable, "-c", VISIT, path], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_second_connection_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    path = str(tmp_path / "x.sqlite3")
    with closing(connect_sqlite(path)) as first:
        first.execute("CREATE TABLE t (x)")
        first.execute("INSERT INTO t VALUES (1)")
        with closing(connect_sqlite(path)) as second:
            assert visited(path) == 1
            assert Path(f"{path}-wal").exists()
            first.execute("INSERT INTO t VALUES (2)")
            second.execute("INSERT INTO t VALUES (3)")
            assert visited(path) == 3
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT COUNT(*) FROM t").fetchone() == (3,)
