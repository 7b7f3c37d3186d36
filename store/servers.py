"""Connections to PostgreSQL: a schema for each store, and values that travel only as parameters, never into its log.

Every connection turns off the values in the messages of errors (``log_parameter_max_length_on_error``, PostgreSQL 13);
what only a superuser may turn off, ``logged_values`` tells.
"""

from collections.abc import Callable
from functools import partial
from select import POLLIN, poll
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Engine, column, create_engine, event, select, table
from sqlalchemy.exc import InvalidatePoolError

from store.engines import UnsafeStore

SCHEMAS: Final = {name: f"suivi_{name}" for name in ("events", "keys", "accounts")} | {"views": "suivi_views_1"}
"""The schema of each store; the one of the read models carries their generation."""
OLDEST: Final = 130_000
CONNECT_TIMEOUT_S: Final = 10
LOCK_TIMEOUT_S: Final = 10
MOST_CONNECTIONS: Final = 3
"""To one store from one process: its threads take turns in Python, and only a rebuild holds two at once."""
_KEPT: Final = 2
"""Open while nothing is asked."""
Writes = Callable[[str], bool]
_STATEMENTS: Final[dict[str, Writes]] = {
    "log_statement": lambda level: level in ("mod", "all"),
    "log_min_duration_statement": lambda duration: float(duration) >= 0,
    "log_min_duration_sample": lambda duration: float(duration) >= 0,
    "log_transaction_sample_rate": lambda rate: float(rate) > 0,
}
_PLANS: Final[dict[str, Writes]] = {
    "auto_explain.log_min_duration": lambda duration: float(duration) >= 0,
    "pgaudit.log_parameter": lambda switch: switch == "on",
    "debug_print_plan": lambda switch: switch == "on",
}
_settings: Final = table("pg_settings", column("name"), column("setting"))


class PlainText(StrDumperUnknown):
    """Texts without NUL, which PostgreSQL cannot keep and SQLite can: it becomes the mark of a lost character."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def connection_parameters(url: str, schema: str, *, lazy: bool = False) -> dict[str, Any]:
    """What libpq is told; raises UnsafeStore for an address it cannot read, without repeating it (a password).

    ``lazy`` is for what can be built again: the last moments before a crash may be lost.
    """
    try:
        parameters: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise UnsafeStore("the address of the PostgreSQL server cannot be read") from None
    settings = {
        "search_path": schema,
        "default_transaction_isolation": r"read\ committed",
        "synchronous_commit": "off" if lazy else "on",
        "lock_timeout": f"{LOCK_TIMEOUT_S}s",
        "log_parameter_max_length_on_error": "0",
        "jit": "off",
    }
    options = [parameters.get("options") or "", *(f"-c {name}={value}" for name, value in settings.items())]
    own = {"options": " ".join(options).strip(), "client_encoding": "UTF8"}
    return {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "suivi"} | parameters | own


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Check what the server is, and how texts go to it; raises UnsafeStore."""
    if connection.info.server_version < OLDEST:
        raise UnsafeStore("PostgreSQL 13 or newer is needed")
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise UnsafeStore("the PostgreSQL database is not in UTF-8")
    connection.adapters.register_dumper(str, PlainText)


def connect_postgres(url: str, schema: str, *, lazy: bool = False) -> psycopg.Connection[Any]:
    """A connection to one store's schema."""
    connection = psycopg.connect(**connection_parameters(url, schema, lazy=lazy))
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def postgres_engine(url: str, schema: str, *, lazy: bool = False) -> Engine:
    """An SQLAlchemy engine over such connections; one that died in the pool is replaced before it is used."""
    connection_parameters(url, schema)
    engine = pooled_engine(lambda: connect_postgres(url, schema, lazy=lazy))
    event.listen(engine, "checkout", partial(_replace_the_dead, engine))
    return engine


def pooled_engine(connect: Callable[[], psycopg.Connection[Any]]) -> Engine:
    """An engine whose pool keeps few connections and opens no more than the threads of a process can use."""
    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=_KEPT,
        max_overflow=MOST_CONNECTIONS - _KEPT,
        pool_timeout=CONNECT_TIMEOUT_S,
        use_native_hstore=False,
        hide_parameters=True,
    )


def unread(connection: psycopg.Connection[Any]) -> bool:
    """Whether something lies unread on an idle connection: the server's farewell, or the end of the line."""
    watched = poll()
    watched.register(connection.fileno(), POLLIN)
    return bool(watched.poll(0))


def _replace_the_dead(engine: Engine, connection: psycopg.Connection[Any], _: Any, __: Any) -> None:
    """Asking before each use would cost a round trip; a server that hung up has done so to the whole pool."""
    if connection.closed or (unread(connection) and not _answers(engine, connection)):
        raise InvalidatePoolError


def _answers(engine: Engine, connection: psycopg.Connection[Any]) -> bool:
    try:
        return engine.dialect.do_ping(connection)  # type: ignore[arg-type]  # the driver's own connection
    except psycopg.Error:
        return False


def logged_values(engine: Engine) -> list[str]:
    """The settings by which the server would write values into its own log, as ``name=value``."""
    wanted = ["log_parameter_max_length", *_STATEMENTS, *_PLANS]
    with engine.connect() as connection:
        rows = connection.execute(select(_settings).where(_settings.c.name.in_(wanted)))
        found: dict[str, str] = {row.name: row.setting for row in rows}
    kinds = _PLANS if found.pop("log_parameter_max_length", "") == "0" else _STATEMENTS | _PLANS
    return [f"{name}={found[name]}" for name, writes in kinds.items() if name in found and writes(found[name])]
