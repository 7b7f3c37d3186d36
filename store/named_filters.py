"""The criteria that an agent keeps under a name of his own; never a citizen's name among them."""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, Text

metadata: Final = MetaData()
named_filters: Final = Table(
    "named_filters",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("section", Text, nullable=False),
    Column("criteria", Text, nullable=False),
)


def create_tables(connection: Connection) -> None:
    """The named filters."""
    metadata.create_all(connection)
