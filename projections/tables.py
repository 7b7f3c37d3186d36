"""The tables of the read models. They hold nothing that the facts do not tell, and may be thrown away.

Instants are whole microseconds since 1970; « no due date » and « until now » are ``NEVER``, so that they sort last.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    and_,
    literal_column,
)

from domain.status import Status

VERSION: Final = 7
NEVER: Final = 2**62
metadata: Final = MetaData()

position: Final = Table(
    "position",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notification_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("generation", Uuid, nullable=False),
    Column("town", Text, nullable=False),
)
"""How far the facts have been read; written in the transaction that writes what was read.

``town`` is what the town has decided by then about its days (``projections.paces.Town``), a JSON text.
"""

current: Final = Table(
    "current_demands",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("demand_id", Uuid, nullable=False, unique=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("procedure", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("has_email", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("agent", Text),
    Column("submitted_at", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    Column("held_since", BigInteger),
    Column("held_for", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("reminded_at", BigInteger),
    Column("remind_at", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("interval_version", Integer, nullable=False),
    Column("applicant", LargeBinary),
    Column("milestones", LargeBinary, nullable=False),
)
"""One row per open demand, with all that a list shows or filters; the citizen's name stays sealed.

``reminded_at`` is the last occurrence that agents were reminded of in the present status, ``remind_at`` the next one.
"""


def of_status(status: Status) -> ColumnElement[bool]:
    """A literal, not a parameter: a partial index is used only by a statement that names its value."""
    return current.c.status == literal_column(f"'{status}'")


def _of_status(name: str, status: Status, *columns: str, designated: bool = False) -> None:
    literal = and_(of_status(status), current.c.agent.is_not(None)) if designated else of_status(status)
    Index(name, *(current.c[column] for column in columns), sqlite_where=literal, postgresql_where=literal)


_RIGHTS: Final = {"submitted_at": (), "due_at": ("procedure", "service")}
"""Beside a due date the columns of rights: late demands are counted in the index alone."""
for _sort in ("submitted_at", "due_at"):
    _of_status(f"untreated_by_{_sort}", Status.UNTREATED, "procedure", _sort, "seq")
    _of_status(f"in_progress_by_{_sort}", Status.IN_PROGRESS, "agent", _sort, "seq", *_RIGHTS[_sort])
    _of_status(f"on_hold_by_{_sort}", Status.ON_HOLD, "agent", _sort, "seq")
    _of_status(f"designated_by_{_sort}", Status.UNTREATED, "agent", _sort, "seq", designated=True)
    Index(f"service_by_{_sort}", current.c.service, current.c[_sort], current.c.seq)
_of_status("on_hold_by_since", Status.ON_HOLD, "agent", "since", "seq")
Index("by_procedure", current.c.procedure, current.c.submitted_at, current.c.seq)
Index("reminders_due", current.c.remind_at, current.c.seq, current.c.demand_id)
_REMINDED: Final = current.c.reminded_at.is_not(None)
Index(
    "reminders_ahead",
    *(current.c.reminded_at, current.c.seq, current.c.demand_id),
    sqlite_where=_REMINDED,
    postgresql_where=_REMINDED,
)

search_tokens: Final = Table(
    "search_tokens",
    metadata,
    Column("service", Text, primary_key=True),
    Column("token", LargeBinary, primary_key=True),
    Column("submitted_at", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Keyed hashes of the words of names, of e-mails and telephones of open demands; gone at closure.

They stand in the order of receipt, which is that of the numbers only where nothing was imported.
"""
Index("tokens_of", search_tokens.c.seq)

journal: Final = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("demand_id", Uuid, nullable=False, unique=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("procedure", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    Column("agent", Text),
    Column("submitted_at", BigInteger, nullable=False),
    Column("taken_at", BigInteger),
    Column("closed_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
    Column("version", Integer, nullable=False),
    Column("milestones", LargeBinary, nullable=False),
)
"""One row per finished demand, its milestones folded in; nothing personal."""
Index("journal_by_closing", journal.c.closed_at, journal.c.seq)
Index("journal_by_procedure", journal.c.procedure, journal.c.closed_at, journal.c.seq)
Index("journal_by_service", journal.c.service, journal.c.closed_at, journal.c.seq)
Index("journal_by_submission", journal.c.submitted_at, journal.c.seq)

journal_marks: Final = Table(
    "journal_marks",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("closed_at", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which finished demands an agent treated (``agent:code``) and which bear an event type (``event:code``)."""

intervals: Final = Table(
    "status_intervals",
    metadata,
    Column("demand_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("agent", Text),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Who had which demand in which status, since when and until when."""
Index("intervals_by_time", intervals.c.until, intervals.c.since)

open_counts: Final = Table(
    "open_counts",
    metadata,
    Column("service", Text, primary_key=True),
    Column("procedure", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("n", Integer, nullable=False),
)
"""How many open demands there are of each kind; the counters of every page. No agent is the empty text."""
Index("counts_by_agent", open_counts.c.agent, open_counts.c.status)
Index("counts_by_procedure", open_counts.c.procedure, open_counts.c.status)

daily_counts: Final = Table(
    "daily_counts",
    metadata,
    Column("dimension", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "received",
            "taken",
            "closed",
            "deleted",
            "opened",
            "reminders",
            "taken_in_time",
            "closed_in_time",
            "taken_with_delay",
            "closed_with_delay",
            "take_us",
            "close_us",
        )
    ),
    sqlite_with_rowid=False,
)
"""What happened on each local day and in each month, by procedure, service, agent, channel and altogether (``all``)."""

delay_buckets: Final = Table(
    "delay_buckets",
    metadata,
    Column("dimension", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Histograms of delays in buckets 2 % wide, for each day, month and year, so that percentiles add up.

Like the daily counts it lies in the order of its key: a year's buckets are read one after the other.
"""

agents: Final = Table(
    "agents",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("roles", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("procedures", Text, nullable=False),
)
"""The agents as they are now; lists are JSON texts."""

procedures: Final = Table(
    "procedures",
    metadata,
    Column("code", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("take_days", Integer),
    Column("close_days", Integer),
    Column("deletion_days", Integer),
    Column("working", Boolean, nullable=False),
    Column("reminder_days", Integer),
)
"""The procedures as they are now, with what due dates, deletions and reminders need."""
