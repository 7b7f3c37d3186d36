"""The rows of letters on their way: their table, how a new one is written, how the table came to be what it is."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    inspect,
    literal_column,
)

from domain.instants import micros
from domain.ports import Outgoing
from store.transactions import insert_into

metadata: Final = MetaData()
outbox: Final = Table(
    "outbox",
    metadata,
    Column("mail_id", Uuid, primary_key=True),
    Column("demand_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("letter", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("kept_until", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("why", Text),
    Column("resent_at", BigInteger),
    Column("agent", Text),
    Column("resent_by", Text),
)
QUEUED: Final = outbox.c.state == literal_column("'queued'")
KEPT: Final = outbox.c.letter.is_not(None)
Index("outbox_due", outbox.c.next_at, sqlite_where=QUEUED, postgresql_where=QUEUED)
Index("outbox_kept", outbox.c.kept_until, sqlite_where=KEPT, postgresql_where=KEPT)
_ABOUT_ONE: Final = outbox.c.demand_id.is_not(None)
LOOKUPS: Final = (
    Index("outbox_listed", outbox.c.state, outbox.c.kind, outbox.c.queued_at, outbox.c.mail_id),
    Index("outbox_of_demand", outbox.c.demand_id, sqlite_where=_ABOUT_ONE, postgresql_where=_ABOUT_ONE),
)
"""How the administrators' page finds letters; both are made on older tables as well."""

NEW_COLUMNS: Final = (
    "mail_id",
    "demand_id",
    "kind",
    "letter",
    "state",
    "attempts",
    "queued_at",
    "next_at",
    "leased_until",
    "kept_until",
    "agent",
)


def new_row(outgoing: Outgoing) -> tuple[object, ...]:
    """The row of a letter that was just decided, due at once, in the order of ``NEW_COLUMNS``."""
    at = micros(outgoing.at)
    letter = (outgoing.mail_id, outgoing.demand_id, outgoing.kind, outgoing.letter)
    return (*letter, "queued", 0, at, at, 0, micros(outgoing.kept_until), outgoing.agent)


def create_tables(connection: Connection) -> None:
    """The outbox's table and index."""
    metadata.create_all(connection)


def put(connection: Connection, letters: Sequence[Outgoing]) -> None:
    """Queue letters in a transaction of the caller's; one already there stays as it is."""
    rows = [dict(zip(NEW_COLUMNS, new_row(letter), strict=True)) for letter in letters]
    if rows:
        connection.execute(insert_into(connection, outbox).on_conflict_do_nothing(), rows)


def add_agents(connection: Connection) -> None:
    """Step 2 of the events store: a letter may be for an agent, and about no single demand."""
    known = _columns(connection)
    if "agent" in known:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN agent text, ALTER COLUMN demand_id DROP NOT NULL")
        return
    for index in outbox.indexes:  # SQLite keeps them, under their names, on the renamed table
        index.drop(connection, checkfirst=True)
    kept = ", ".join(column.name for column in outbox.columns if column.name in known)
    connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_1")
    create_tables(connection)
    connection.exec_driver_sql(f"INSERT INTO outbox ({kept}) SELECT {kept} FROM outbox_1")  # noqa: S608 — our own names
    connection.exec_driver_sql("DROP TABLE outbox_1")


def add_lookups(connection: Connection) -> None:
    """Step 3 of the events store: who sent a letter again, and how a letter is found among many."""
    if "resent_by" not in _columns(connection):
        connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN resent_by text")
    for index in LOOKUPS:
        index.create(connection, checkfirst=True)


def _columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("outbox")}
