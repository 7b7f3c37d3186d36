"""A data directory of the first version is upgraded by « suivi init »: letters and links stay, nobody is flooded."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

from store.accounts import hashed
from suivi.occasions import occasions_of
from tests.suivi.conftest import CommandLine
from workers.informing import tell_news

MAIL, DEMAND = UUID(int=7), UUID(int=9)
OUTBOX = (
    (
        "CREATE TABLE outbox (mail_id CHAR(32) NOT NULL, demand_id CHAR(32) NOT NULL, kind TEXT NOT NULL, letter BLOB, "
        "state TEXT NOT NULL, attempts INTEGER NOT NULL, queued_at BIGINT NOT NULL, next_at BIGINT NOT NULL, "
        "leased_until BIGINT NOT NULL, kept_until BIGINT NOT NULL, finished_at BIGINT, why TEXT, resent_at BIGINT, "
        "PRIMARY KEY (mail_id))"
    ),
    "CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'queued'",
    "CREATE INDEX outbox_kept ON outbox (kept_until) WHERE letter IS NOT NULL",
)
ACTIVATIONS = (
    "CREATE TABLE activations (agent TEXT NOT NULL PRIMARY KEY, token_hash BLOB NOT NULL UNIQUE, "
    "expires_at BIGINT NOT NULL)"
)


def age(directory: Path) -> None:
    """Make the stores what the first version left: its tables as it made them, with a letter and a link."""
    with closing(sqlite3.connect(directory / "events.sqlite3")) as events, events:
        for table in ("outbox", "followers", "mail_pace"):
            events.execute(f"DROP TABLE {table}")
        for statement in OUTBOX:
            events.execute(statement)
        events.execute(
            "INSERT INTO outbox VALUES (?, ?, 'contact', x'00', 'failed', 3, 1, 2, 0, ?, 4, 'rejected', NULL)",
            (MAIL.hex, DEMAND.hex, 2**50),
        )
        events.execute("UPDATE schema_version SET version = 1 WHERE store = 'events'")
    with closing(sqlite3.connect(directory / "accounts.sqlite3")) as accounts, accounts:
        for table in ("activation_links", "preferences"):
            accounts.execute(f"DROP TABLE {table}")
        accounts.execute("ALTER TABLE sessions DROP COLUMN browser")
        accounts.execute(ACTIVATIONS)
        accounts.execute("INSERT INTO activations VALUES ('amelie', ?, ?)", (hashed("old link"), 2**52))
        accounts.execute("UPDATE schema_version SET version = 1 WHERE store = 'accounts'")


def test_an_old_directory_is_refused_then_upgraded(town: CommandLine) -> None:
    age(town.directory)
    refused = town("agent", "list")
    assert refused.code == 1
    assert "suivi init" in refused.err
    assert town("init").code == 0
    assert town("init").code == 0
    with town.opened() as installation:
        (mail,) = installation.outbox.of_demand(DEMAND)
        assert (mail.mail_id, mail.state, mail.why, mail.letter, mail.agent) == (
            MAIL,
            "failed",
            "rejected",
            b"\0",
            None,
        )
        assert installation.outbox.resend(MAIL, installation.clock())
        assert installation.outbox.due(installation.clock(), 5) == [MAIL]
        assert installation.activations.find("old link", installation.clock()) == "amelie"
        installation.sessions.open("amelie", installation.clock(), "token", "Firefox sous Windows")
        assert [session.browser for session in installation.sessions.of("amelie")] == ["Firefox sous Windows"]
        assert tell_news(occasions_of(installation, "http://127.0.0.1"), installation.clock()) == 0
        assert installation.followers.place("news").position == installation.register.head()
        with installation.stores.events.connect() as connection:
            found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name LIKE 'outbox%' ORDER BY name")
            assert list(found.scalars()) == ["outbox", "outbox_due", "outbox_kept", "outbox_listed", "outbox_of_demand"]
