"""The read models against a replay of the facts up to the same position, row for row.

The replay is built in a private directory that is deleted afterwards; it holds what the live ones hold, sealed values
and keyed tokens, and uses the live generation's search key.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import Notification
from sqlalchemy import Connection, Engine, RowMapping, Select, Table, Text, select

from projections.projector import Projector
from projections.tables import current, metadata, open_counts, search_tokens
from projections.views import create_views, read_position, snapshot
from store.engines import NORMAL, sqlite_engine
from suivi.compose import Installation
from suivi.verification import Findings

_PRIVATE: Final = 0o700
_MOST: Final = 10
_CHUNK: Final = 500


def compare(installation: Installation, findings: Findings, advance: Callable[[int], None]) -> None:
    """Note every difference; others may write meanwhile, what they write is not looked at."""
    with (
        TemporaryDirectory(prefix="verify-", dir=installation.settings.data_dir) as name,
        snapshot(installation.stores.views) as live,
    ):
        Path(name).chmod(_PRIVATE)
        engine = sqlite_engine(str(Path(name) / "views.sqlite3"), NORMAL)
        try:
            _replay(installation, engine, live, advance)
            with engine.connect() as replayed:
                for table in metadata.sorted_tables:
                    _compare_table(installation, table, live, replayed, findings)
        finally:
            engine.dispose()


def _replay(installation: Installation, engine: Engine, live: Connection, advance: Callable[[int], None]) -> None:
    pinned = read_position(live)
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        create_views(connection, pinned.generation)

    def up_to_pinned(after: int, most: int) -> Sequence[Notification]:
        page = installation.register.notifications(after, most)
        return [notification for notification in page if notification.id <= pinned.notification_id]

    Projector(engine, up_to_pinned, installation.register.fact, installation.keyring, installation.calendars).catch_up(
        advance
    )


def _compare_table(
    installation: Installation, table: Table, live: Connection, replayed: Connection, findings: Findings
) -> None:
    differences = list(_differences(_rows(live, table), _rows(replayed, table), table))
    if table is search_tokens:
        differences = _still_openable(installation, live, differences)
    for what, key in differences[:_MOST]:
        findings.note(f"vue {table.name} {_written(key)} : {what}")
    if len(differences) > _MOST:
        findings.note(f"vue {table.name} : {len(differences) - _MOST} autres différences")


def _rows(connection: Connection, table: Table) -> Iterator[RowMapping]:
    yield from connection.execute(_ordered(table, connection.dialect.name)).mappings()


def _ordered(table: Table, dialect: str) -> Select[Any]:
    """In the order of Python's own comparison, which PostgreSQL's collations are not."""
    keys = list(table.primary_key.columns)
    order = [key.collate("C") if dialect == "postgresql" and isinstance(key.type, Text) else key for key in keys]
    chosen = select(table).order_by(*order)
    if table is open_counts:
        chosen = chosen.where(open_counts.c.n != 0)  # a count that fell to nothing says nothing
    return chosen.execution_options(yield_per=1_000)


def _differences(
    live: Iterator[RowMapping], replayed: Iterator[RowMapping], table: Table
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Both sides are sorted by key, so one pass finds what is missing, too much or otherwise."""
    names = [column.name for column in table.primary_key]
    left, right = next(live, None), next(replayed, None)
    while left is not None or right is not None:
        mine = _key(left, names) if left is not None else None
        other = _key(right, names) if right is not None else None
        if other is None or (mine is not None and mine < other):
            yield "en trop", mine or ()
            left = next(live, None)
        elif mine is None or other < mine:
            yield "manque", other
            right = next(replayed, None)
        else:
            if changed := [name for name in _columns(table) if left[name] != right[name]]:  # type: ignore[index]
                yield "diffère : " + ", ".join(changed), mine
            left, right = next(live, None), next(replayed, None)


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _key(row: RowMapping, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(value.hex if isinstance(value := row[name], UUID) else value for name in names)


def _still_openable(
    installation: Installation, live: Connection, differences: list[tuple[str, tuple[Any, ...]]]
) -> list[tuple[str, tuple[Any, ...]]]:
    """A demand closed since the snapshot has no key any more, so the replay could not make its tokens."""
    numbers = sorted({key[-1] for what, key in differences if what == "en trop"})
    closed: set[int] = set()
    for start in range(0, len(numbers), _CHUNK):
        chosen = select(current.c.seq, current.c.demand_id).where(current.c.seq.in_(numbers[start : start + _CHUNK]))
        owners = {row.seq: row.demand_id for row in live.execute(chosen)}
        keys = installation.keyring.keys(owners.values())
        closed |= {seq for seq, owner in owners.items() if owner not in keys}
    return [(what, key) for what, key in differences if key[-1] not in closed]


def _written(key: tuple[Any, ...]) -> str:
    return " ".join("…" if isinstance(part, bytes) else str(part) for part in key)
