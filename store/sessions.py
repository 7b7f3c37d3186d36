"""Open sessions, one row each, so that any of them can be ended at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, bindparam, delete, insert, or_, select, update

from domain.instants import instant, micros
from store.accounts import credentials, hashed, sessions
from store.named_filters import kept_by
from store.statements import SmallRead
from store.transactions import writing

TOUCHED_AFTER: Final = timedelta(minutes=1)
KEPT_AT_MOST: Final = timedelta(days=2)
_NAME_DIGITS: Final = 16
_columns: Final = select(sessions.c.agent, sessions.c.opened_at, sessions.c.seen_at)
_of: Final = (
    _columns.add_columns(sessions.c.token_hash, sessions.c.browser)
    .where(sessions.c.agent == bindparam("agent"))
    .order_by(sessions.c.opened_at, sessions.c.token_hash)
)
_touch: Final = (
    update(sessions)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.seen_at < bindparam("now"))
    .values(seen_at=bindparam("now"))
)
_in_force: Final = (
    select(credentials.c.agent)
    .where(credentials.c.agent == bindparam("code"), credentials.c.password_hash == bindparam("verified"))
    .with_for_update(read=True)
)
"""Read under a lock: a password that changes at this moment waits, then ends the session with the others."""
_close: Final = delete(sessions).where(sessions.c.token_hash == bindparam("token"))
_close_all: Final = delete(sessions).where(sessions.c.agent == bindparam("code"))
_close_others: Final = _close_all.where(sessions.c.token_hash != bindparam("kept"))
_close_one: Final = _close_all.where(sessions.c.token_hash == bindparam("token"))
_forget: Final = delete(sessions).where(
    or_(sessions.c.opened_at < bindparam("before"), sessions.c.token_hash == bindparam("token"))
)


class PasswordReplaced(Exception):
    """The password that was verified is no longer the agent's: no session opens with it."""


class Session(msgspec.Struct, frozen=True):
    """Who is logged in since when, and when he last asked for a page (to the minute).

    ``name`` tells the sessions of one agent apart on a page; nobody can log in with it. ``browser`` is what he opened
    it with (« Firefox sous Windows »), where that is known. ``filters`` are those he keeps (``read_kept``), which come
    with the session, so that a list costs no statement more.
    """

    agent: str
    opened_at: datetime
    seen_at: datetime
    name: str = ""
    browser: str | None = None
    filters: str | None = None

    def is_over(self, now: datetime, idle: timedelta, absolute: timedelta) -> bool:
        """Whether it lay idle or lasted too long."""
        return now - self.seen_at >= idle or now - self.opened_at >= absolute


class Sessions:
    """Tokens come from the caller and are never kept, only their hashes."""

    def __init__(self, engine: Engine) -> None:
        found = _columns.add_columns(kept_by(sessions.c.agent, engine.dialect))
        self._engine, self._found = engine, SmallRead(engine, found.where(sessions.c.token_hash == bindparam("token")))

    def open(
        self, code: str, now: datetime, token: str, browser: str | None = None, verified: str | None = None
    ) -> str:
        """Begin a session; sessions too old to serve are forgotten on the way.

        ``verified`` is what ``Credentials.check`` gave; raises PasswordReplaced when the password changed since.
        """
        at = micros(now)
        row = {"token_hash": hashed(token), "agent": code, "opened_at": at, "seen_at": at, "browser": browser}
        with writing(self._engine) as connection:
            if verified is not None and connection.scalar(_in_force, {"code": code, "verified": verified}) is None:
                raise PasswordReplaced
            connection.execute(_forget, {"before": micros(now - KEPT_AT_MOST), "token": hashed(token)})
            connection.execute(insert(sessions), row)
        return token

    def find(
        self, token: str, now: datetime, idle: timedelta, absolute: timedelta, *, attended: bool = True
    ) -> Session | None:
        """The session of this token, unless it lay idle or lasted too long; notes that it was used by somebody."""
        rows = self._found.rows(hashed(token))
        if not rows:
            return None
        agent, opened_at, seen_at, filters = rows[0]
        session = Session(agent, instant(opened_at), instant(seen_at), filters=filters)
        if session.is_over(now, idle, absolute):
            self.close(token)
            return None
        if attended and now - session.seen_at >= TOUCHED_AFTER:
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

    def close_others(self, code: str, kept: str) -> int:
        """End every session of an agent but the one of this token; how many there were."""
        with writing(self._engine) as connection:
            return connection.execute(_close_others, {"code": code, "kept": hashed(kept)}).rowcount

    def close_named(self, code: str, name: str) -> bool:
        """End one session of an agent by its name; False when he has none of that name."""
        with writing(self._engine) as connection:
            rows = connection.execute(_of, {"agent": code}).all()
            named = [row.token_hash for row in rows if _name(row.token_hash) == name]
            for token in named:
                connection.execute(_close_one, {"code": code, "token": token})
        return bool(named)

    def of(self, code: str) -> list[Session]:
        """The sessions of an agent, oldest first."""
        with self._engine.connect() as connection:
            return [_session(row) for row in connection.execute(_of, {"agent": code})]


def session_name(token: str) -> str:
    """The name of the session of this token."""
    return _name(hashed(token))


def _name(token_hash: bytes) -> str:
    return token_hash.hex()[:_NAME_DIGITS]


def _session(row: Sequence[Any]) -> Session:
    agent, opened_at, seen_at, token_hash, browser = row
    return Session(agent, instant(opened_at), instant(seen_at), _name(token_hash), browser)
