"""A folded page becomes rows: few statements, each for many rows, in the projector's transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from domain.applicant import read_applicant
from domain.errors import Erased
from domain.sealing import DataKey, Sealed, place
from projections.batch import Batch, Interval
from projections.names import findable, tokens
from projections.rows import OpenRow, stored
from projections.tables import (
    agents,
    current,
    daily_counts,
    delay_buckets,
    intervals,
    journal,
    journal_marks,
    open_counts,
    procedures,
    search_tokens,
)

Keys = Callable[[Sequence[UUID]], Mapping[UUID, Any]]
_OPEN: Final = tuple(current.columns.keys())
_FINISHED: Final = tuple(journal.columns.keys())
_INTERVAL: Final = Interval.__struct_fields__
_AMOUNTS: Final = tuple(c.name for c in daily_counts.columns if c.name not in ("dimension", "day", "key"))
_leave: Final = delete(current).where(current.c.seq == bindparam("of"))
_forget: Final = delete(search_tokens).where(search_tokens.c.seq == bindparam("of"))
_end: Final = (
    update(intervals)
    .where(intervals.c.demand_id == bindparam("of"), intervals.c.version == bindparam("from_version"))
    .values(until=bindparam("at"))
)


def write(connection: Connection, batch: Batch, keys: Keys) -> None:
    """Write everything a page changed."""
    _upsert(connection, agents, list(batch.agents.values()))
    _upsert(connection, procedures, list(batch.procedures.values()))
    _upsert(connection, current, [stored(row, _OPEN) for row in batch.open.values() if row.dirty])
    _leave_lists(connection, batch)
    _upsert(connection, journal, [stored(row, _FINISHED) for row in batch.finished.values()])
    _insert_new(connection, journal_marks, list(_marks(batch)))
    _write_intervals(connection, batch)
    _insert_new(connection, search_tokens, list(_token_rows(batch, keys)))
    _write_tallies(connection, batch)


def _leave_lists(connection: Connection, batch: Batch) -> None:
    gone = [{"of": row.seq} for row in batch.gone if not row.new]
    if gone:
        connection.execute(_leave, gone)
        connection.execute(_forget, gone)


def _write_intervals(connection: Connection, batch: Batch) -> None:
    if batch.intervals:
        rows = [{name: getattr(interval, name) for name in _INTERVAL} for interval in batch.intervals.values()]
        connection.execute(insert(intervals), rows)
    if batch.ended:
        ended = [{"of": of, "from_version": version, "at": at} for (of, version), at in batch.ended.items()]
        connection.execute(_end, ended)


def _marks(batch: Batch) -> Iterator[dict[str, Any]]:
    for row in batch.finished.values():
        for mark in sorted(row.marks):
            yield {"mark": mark, "closed_at": row.closed_at, "seq": row.seq}


def _token_rows(batch: Batch, keys: Keys) -> Iterator[dict[str, Any]]:
    """Tokens of the new open demands whose key still opens; a value that does not open has none, and no error."""
    rows = [row for row in batch.to_tokenise if row.demand_id in batch.open]
    if not rows:
        return
    found = dict(keys([row.demand_id for row in rows]))
    demands = {row.demand_id for row in rows}
    search_key = next((key for owner, key in found.items() if owner not in demands), None)
    if search_key is None:
        return
    for row in rows:
        for token in tokens(_texts(row, found.get(row.demand_id)), search_key):
            yield {"service": row.service, "token": token, "seq": row.seq}


def _texts(row: OpenRow, key: DataKey | None) -> Sequence[str]:
    if key is None or row.applicant is None:
        return ()
    try:
        text = key.open(Sealed(row.applicant), place(row.demand_id, 1, "applicant"))
    except Erased:
        return ()
    return sorted(findable(read_applicant(text)))


def _write_tallies(connection: Connection, batch: Batch) -> None:
    tallies = batch.tallies
    _add(
        connection,
        open_counts,
        ("n",),
        [
            {"service": service, "procedure": procedure, "status": status, "agent": agent, "n": n}
            for (service, procedure, status, agent), n in tallies.open_changes()
        ],
    )
    _add(
        connection,
        daily_counts,
        _AMOUNTS,
        [
            {"dimension": dimension, "day": day, "key": key} | {name: amounts[name] for name in _AMOUNTS}
            for (dimension, day, key), amounts in tallies.daily.items()
        ],
    )
    _add(
        connection,
        delay_buckets,
        ("n",),
        [
            {"dimension": dimension, "period": period, "key": key, "measure": measure, "bucket": bucket, "n": n}
            for (dimension, period, key, measure, bucket), n in tallies.buckets.items()
        ],
    )


def _upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        changes = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def _add(connection: Connection, table: Table, amounts: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Add to what stands there."""
    if rows:
        statement = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        sums = {name: table.c[name] + statement.excluded[name] for name in amounts}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=sums), rows)


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)
