"""One-time links to choose a password: the latest ends the earlier ones, and each serves once."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from domain.instants import micros
from store.accounts import activations, credentials, hashed
from store.transactions import writing

_valid: Final = (activations.c.token_hash == bindparam("token"), activations.c.expires_at > bindparam("now"))
_find: Final = select(activations.c.agent).where(*_valid)
_lock: Final = select(credentials.c.agent).where(credentials.c.agent == bindparam("code")).with_for_update()
_use: Final = delete(activations).where(*_valid).returning(activations.c.agent)
_end: Final = delete(activations).where(activations.c.agent == bindparam("code"))
_carried: Final = select(activations).where(activations.c.mail_id == bindparam("mail"))
_end_others: Final = _end.where(activations.c.token_hash != bindparam("kept"), activations.c.mail_id.is_(None))
_left: Final = update(activations).where(activations.c.mail_id == bindparam("mail")).values(mail_id=None)
_end_unsent: Final = delete(activations).where(activations.c.mail_id == bindparam("mail"))
_forget: Final = delete(activations).where(activations.c.expires_at <= bindparam("now"))


class Activations:
    """Tokens come from the caller and are never kept, only their hashes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, code: str, token: str, now: datetime, ttl: timedelta) -> None:
        """Let this token set the agent's password for a while; no earlier one does any more."""
        with writing(self._engine) as connection:
            connection.execute(_end, {"code": code})
            connection.execute(insert(activations), _row(code, token, now, ttl, None))

    def issue_by_mail(self, code: str, token: str, now: datetime, ttl: timedelta, mail_id: UUID) -> None:
        """Let this token set the agent's password too; the earlier ones end when the letter that carries it leaves.

        A token made for the same letter by who died before he wrote it ends at once.
        """
        with writing(self._engine) as connection:
            connection.execute(_forget, {"now": micros(now)})
            connection.execute(_end_unsent, {"mail": mail_id})
            connection.execute(insert(activations), _row(code, token, now, ttl, mail_id))

    def mailed(self, mail_id: UUID) -> None:
        """The letter left: the links that the agent had before end; harmless when repeated."""
        with writing(self._engine) as connection:
            row = connection.execute(_carried, {"mail": mail_id}).one_or_none()
            if row is not None:
                connection.execute(_end_others, {"code": row.agent, "kept": row.token_hash})
                connection.execute(_left, {"mail": mail_id})

    def end(self, code: str) -> None:
        """No link sets this agent's password any more, those on their way included."""
        with writing(self._engine) as connection:
            connection.execute(_end, {"code": code})

    def find(self, token: str, now: datetime) -> str | None:
        """Whose token this is; asking uses nothing up."""
        with self._engine.connect() as connection:
            code: str | None = connection.scalar(_find, {"token": hashed(token), "now": micros(now)})
            return code


def use(connection: Connection, token: str, now: datetime) -> str | None:
    """Whose token this was, for the one caller who uses it first, in the transaction that sets the password.

    The agent's password is locked before his links, as everywhere: two changes at once wait for each other.
    """
    asked = {"token": hashed(token), "now": micros(now)}
    connection.execute(_lock, {"code": connection.scalar(_find, asked)})
    code: str | None = connection.scalar(_use, asked)
    return code


def end_links(connection: Connection, code: str) -> None:
    """No link sets this agent's password any more, in a transaction of the caller's."""
    connection.execute(_end, {"code": code})


def _row(code: str, token: str, now: datetime, ttl: timedelta, mail_id: UUID | None) -> dict[str, object]:
    issued, expires = micros(now), micros(now + ttl)
    return {
        "token_hash": hashed(token),
        "agent": code,
        "issued_at": issued,
        "expires_at": expires,
        "mail_id": mail_id,
    }
