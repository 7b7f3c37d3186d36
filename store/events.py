"""The table of facts as the operator finds it, and the other tables of the events store."""

from typing import Final

from sqlalchemy import Connection, Uuid, column, table

from store import intake_keys, outbox
from store.sqlite import CREATE_EVENTS

stored_events: Final = table(
    "stored_events",
    column("notification_id"),
    column("originator_id", Uuid),
    column("originator_version"),
    column("topic"),
    column("state"),
)
CREATE_ON_POSTGRES: Final = (
    "CREATE TABLE stored_events ("
    "notification_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, originator_id uuid NOT NULL, "
    "originator_version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL, "
    "PRIMARY KEY (originator_id, originator_version))"
)


def create_tables(connection: Connection) -> None:
    """Facts, letters and intake keys, in one database so that one transaction holds them."""
    on_postgres = connection.dialect.name == "postgresql"
    connection.exec_driver_sql(CREATE_ON_POSTGRES if on_postgres else CREATE_EVENTS)
    outbox.create_tables(connection)
    intake_keys.metadata.create_all(connection)
