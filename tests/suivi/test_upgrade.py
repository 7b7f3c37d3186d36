"""An installation of the first version is upgraded by « suivi init »: letters and links stay, nobody is flooded."""

from uuid import UUID

from sqlalchemy import Connection, inspect, text

from store.accounts import hashed
from store.transactions import writing
from suivi.occasions import occasions_of
from tests.suivi.conftest import CommandLine
from workers.informing import tell_news

MAIL, DEMAND = UUID(int=7), UUID(int=9)
OUTBOX = (
    (
        "CREATE TABLE outbox (mail_id {uuid} NOT NULL, demand_id {uuid} NOT NULL, kind TEXT NOT NULL, letter {bytes}, "
        "state TEXT NOT NULL, attempts INTEGER NOT NULL, queued_at BIGINT NOT NULL, next_at BIGINT NOT NULL, "
        "leased_until BIGINT NOT NULL, kept_until BIGINT NOT NULL, finished_at BIGINT, why TEXT, resent_at BIGINT, "
        "PRIMARY KEY (mail_id))"
    ),
    "CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'queued'",
    "CREATE INDEX outbox_kept ON outbox (kept_until) WHERE letter IS NOT NULL",
)
LETTER = (
    "INSERT INTO outbox VALUES (:mail, :demand, 'contact', :letter, 'failed', 3, 1, 2, 0, :kept, 4, 'rejected', NULL)"
)
ACTIVATIONS = (
    "CREATE TABLE activations (agent TEXT NOT NULL PRIMARY KEY, token_hash {bytes} NOT NULL UNIQUE, "
    "expires_at BIGINT NOT NULL)"
)


def age(town: CommandLine) -> None:
    """Make the stores what the first version left: its tables as it made them, with a letter and a link."""
    with town.opened(catching_up=False) as installation:
        with writing(installation.stores.events) as events:
            _age_events(events, **_types(events))
        with writing(installation.stores.accounts) as accounts:
            _age_accounts(accounts, **_types(accounts))


def age_views(town: CommandLine) -> None:
    """Make the read models those of version 6: what they kept of the town stood under another name."""
    with town.opened(catching_up=False) as installation, writing(installation.stores.views) as views:
        views.exec_driver_sql("ALTER TABLE position DROP COLUMN town")
        views.exec_driver_sql("ALTER TABLE position ADD COLUMN alsace_moselle BOOLEAN NOT NULL DEFAULT false")
        views.exec_driver_sql("UPDATE position SET version = 6")


def _types(connection: Connection) -> dict[str, str]:
    """What identities and boxes are in this database."""
    on_a_server = connection.dialect.name == "postgresql"
    return {"uuid": "uuid", "bytes": "bytea"} if on_a_server else {"uuid": "CHAR(32)", "bytes": "BLOB"}


def _age_events(events: Connection, **types: str) -> None:
    for table in ("outbox", "followers", "mail_pace"):
        events.exec_driver_sql(f"DROP TABLE {table}")
    for statement in OUTBOX:
        events.exec_driver_sql(statement.format(**types))
    letter = {"mail": MAIL.hex, "demand": DEMAND.hex, "letter": b"\0", "kept": 2**50}
    events.execute(text(LETTER), letter)
    events.exec_driver_sql("UPDATE schema_version SET version = 1 WHERE store = 'events'")


def _age_accounts(accounts: Connection, **types: str) -> None:
    for table in ("activation_links", "preferences"):
        accounts.exec_driver_sql(f"DROP TABLE {table}")
    accounts.exec_driver_sql("ALTER TABLE sessions DROP COLUMN browser")
    accounts.exec_driver_sql(ACTIVATIONS.format(**types))
    link = {"token": hashed("old link"), "expires": 2**52}
    accounts.execute(text("INSERT INTO activations VALUES ('amelie', :token, :expires)"), link)
    accounts.exec_driver_sql("UPDATE schema_version SET version = 1 WHERE store = 'accounts'")


def test_an_old_directory_is_refused_then_upgraded(any_town: CommandLine) -> None:
    age(any_town)
    refused = any_town("agent", "list")
    assert refused.code == 1
    assert "suivi init" in refused.err
    assert any_town("init").code == 0
    assert any_town("init").code == 0
    with any_town.opened() as installation:
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
        found = inspect(installation.stores.events)
        indexes = {str(index["name"]) for index in found.get_indexes("outbox")}
        assert indexes == {"outbox_due", "outbox_kept", "outbox_listed", "outbox_of_demand"}
        assert [name for name in found.get_table_names() if name.startswith("outbox")] == ["outbox"]
    assert any_town("verify").code == 0


def test_read_models_of_another_version_are_refused_then_built_again(any_town: CommandLine) -> None:
    before = any_town("statistics", "--json").json
    age_views(any_town)
    refused = any_town("agent", "list")
    assert refused.code == 1
    assert "suivi init" in refused.err
    assert any_town("init").code == 0
    assert any_town("statistics", "--json").json == before
    assert any_town("verify").code == 0
