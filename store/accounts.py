"""The accounts store: who may log in and call the API, what runs when, who looked; never a fact, never in read models.

Tokens are random and long, so a plain SHA-256 of them is enough to recognise them and useless to whoever reads it.
"""

from hashlib import sha256
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
)

metadata: Final = MetaData()
credentials: Final = Table(
    "credentials",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("email", Text),
    Column("password_hash", Text),
    Column("changed_at", BigInteger),
)
sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent", Text, nullable=False, index=True),
    Column("opened_at", BigInteger, nullable=False, index=True),
    Column("seen_at", BigInteger, nullable=False),
    Column("browser", Text),
)
activations: Final = Table(
    "activation_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent", Text, nullable=False, index=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("mail_id", Uuid, index=True),
)
"""Links to choose a password; ``mail_id`` names the letter that carries one, and has not left yet."""
throttles: Final = Table(
    "throttles",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
)
api_clients: Final = Table(
    "api_clients",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
access_log: Final = Table(
    "access_log",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("agent", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("page", Text, nullable=False),
    Index("access_log_reference", "reference", "number"),
)
leases: Final = Table(
    "leases",
    metadata,
    Column("job", Text, primary_key=True),
    Column("done_at", BigInteger),
    Column("leased_until", BigInteger, nullable=False),
)


def create_tables(connection: Connection) -> None:
    """Every table of the accounts."""
    metadata.create_all(connection)


def keep_links(connection: Connection) -> None:
    """Step 2: several links of one agent may stand side by side while a letter is on its way; none is lost."""
    metadata.create_all(connection, [activations])
    if not inspect(connection).has_table("activations"):
        return
    connection.exec_driver_sql(
        "INSERT INTO activation_links (token_hash, agent, issued_at, expires_at) "
        "SELECT token_hash, agent, 0, expires_at FROM activations"
    )
    connection.exec_driver_sql("DROP TABLE activations")


def name_browsers(connection: Connection) -> None:
    """Step 3: a session tells which browser opened it; those opened before do not say."""
    if "browser" not in {column["name"] for column in inspect(connection).get_columns(sessions.name)}:
        connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN browser text")


def hashed(token: str) -> bytes:
    """What is kept of a token, or of a throttle's key."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
