"""Work on many demands at once: what was asked, how far it is, and what became of each demand; never a text in clear."""

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Table, Text, Uuid

metadata: Final = MetaData()
operations: Final = Table(
    "operations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agent", Text, nullable=False, index=True),
    Column("action", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, index=True),
    Column("leased_until", BigInteger, nullable=False),
    Column("details", LargeBinary),
)
"""``details`` are sealed under the operation's own key, and emptied at its end."""
operation_demands: Final = Table(
    "operation_demands",
    metadata,
    Column("operation", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("result", Text),
)
"""The demands of an operation in their order; ``result`` is null until the demand's turn came."""


def create_tables(connection: Connection) -> None:
    """The operations and their demands."""
    metadata.create_all(connection)
