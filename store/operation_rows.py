"""The rows of work on many demands: their tables, and what they are in the town hall's terms; no text in clear."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
)

from domain.instants import instant, maybe_instant

metadata: Final = MetaData()
operations: Final = Table(
    "operations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("handled", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, index=True),
    Column("leased_until", BigInteger, nullable=False),
    Column("details", LargeBinary),
    Column("back", Text, nullable=False),
)
"""``details`` are sealed under the operation's own key, and emptied at its end; ``back`` is the list it came from."""
UNFINISHED: Final = operations.c.ended_at.is_(None)
Index("operations_of", operations.c.agent, operations.c.asked_at)
Index("operations_due", operations.c.leased_until, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)
operation_demands: Final = Table(
    "operation_demands",
    metadata,
    Column("operation", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False),
    Column("result", Text),
    Column("detail", Text),
)
"""The demands of an operation in their order; ``result`` is null until the demand's turn came."""

DONE: Final = "done"
ABANDONED: Final = "abandoned"


class Operation(msgspec.Struct, frozen=True):
    """What an agent asked for many demands; ``handled`` of ``total`` are decided, ``failed`` of these were refused."""

    id: UUID
    agent: str
    action: str
    total: int
    asked_at: datetime
    back: str
    details: bytes | None
    handled: int = 0
    failed: int = 0
    ended_at: datetime | None = None
    lease: int = 0

    @property
    def done(self) -> int:
        """How many demands it was carried out for."""
        return self.handled - self.failed


class Result(msgspec.Struct, frozen=True):
    """What became of one demand: ``done`` or the code of a reason, with a status or an agent's code."""

    number: int
    reference: str
    result: str
    detail: str | None = None


def operation_of(row: Row[Any]) -> Operation:
    """One operation, as its row tells."""
    return Operation(
        row.id,
        row.agent,
        row.action,
        row.total,
        instant(row.asked_at),
        row.back,
        row.details,
        row.handled,
        row.failed,
        maybe_instant(row.ended_at),
        row.leased_until,
    )


def create_tables(connection: Connection) -> None:
    """The operations and their demands."""
    metadata.create_all(connection)
