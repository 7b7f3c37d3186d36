"""Open sessions, one row each, so that any of them can be ended at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, bindparam, delete, insert, or_, select, update

from domain.instants import instant, micros
from store.accounts import hashed, sessions
from store.statements import SmallRead
from store.transactions import writing

TOUCHED_AFTER: Final = timedelta(minutes=1)
KEPT_AT_MOST: Final = timedelta(days=2)
_columns: Final = select(sessions.c.agent, sessions.c.opened_at, sessions.c.seen_at)
_find: Final = _columns.where(sessions.c.token_hash == bindparam("token"))
_of: Final = _columns.where(sessions.c.agent == bindparam("agent")).order_by(sessions.c.opened_at)
_touch: Final = (
    update(sessions)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.seen_at < bindparam("now"))
    .values(seen_at=bindparam("now"))
)
_close: Final = delete(sessions).where(sessions.c.token_hash == bindparam("token"))
_close_all: Final = delete(sessions).where(sessions.c.agent == bindparam("code"))
_forget: Final = delete(sessions).where(
    or_(sessions.c.opened_at < bindparam("before"), sessions.c.token_hash == bindparam("token"))
)


class Session(msgspec.Struct, frozen=True):
    """Who is logged in since when, and when he last asked for a page (to the minute)."""

    agent: str
    opened_at: datetime
    seen_at: datetime


class Sessions:
    """Tokens come from the caller and are never kept, only their hashes."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._found = engine, SmallRead(engine, _find)

    def open(self, code: str, now: datetime, token: str) -> str:
        """Begin a session; sessions too old to serve are forgotten on the way."""
        row = {"token_hash": hashed(token), "agent": code, "opened_at": micros(now), "seen_at": micros(now)}
        with writing(self._engine) as connection:
            connection.execute(_forget, {"before": micros(now - KEPT_AT_MOST), "token": hashed(token)})
            connection.execute(insert(sessions), row)
        return token

    def find(self, token: str, now: datetime, idle: timedelta, absolute: timedelta) -> Session | None:
        """The session of this token, unless it lay idle or lasted too long; notes that it was used."""
        rows = self._found.rows(hashed(token))
        if not rows:
            return None
        session = _session(rows[0])
        if now - session.seen_at >= idle or now - session.opened_at >= absolute:
            self.close(token)
            return None
        if now - session.seen_at >= TOUCHED_AFTER:
            with writing(self._engine) as connection:
                connection.execute(_touch, {"token": hashed(token), "now": micros(now)})
        return session

    def close(self, token: str) -> None:
        """End one session; harmless when it ended before."""
        with writing(self._engine) as connection:
            connection.execute(_close, {"token": hashed(token)})

    def close_all(self, code: str) -> None:
        """End every session of an agent."""
        with writing(self._engine) as connection:
            connection.execute(_close_all, {"code": code})

    def of(self, code: str) -> list[Session]:
        """The sessions of an agent, oldest first."""
        with self._engine.connect() as connection:
            return [_session(row) for row in connection.execute(_of, {"agent": code})]


def _session(row: Sequence[Any]) -> Session:
    agent, opened_at, seen_at = row
    return Session(agent, instant(opened_at), instant(seen_at))
