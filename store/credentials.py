"""An agent's e-mail address and password hash; the facts of agents never hold either."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, bindparam, delete, select, update

from domain.instants import micros
from store.accounts import activations, credentials, sessions
from store.transactions import insert_into, writing

NOBODY: Final = "nobody has this password: it is hashed so that an unknown code takes as long as a known one"
_hash_of: Final = select(credentials.c.password_hash).where(credentials.c.agent == bindparam("code"))
_email_of: Final = select(credentials.c.email).where(credentials.c.agent == bindparam("code"))
_emails_of: Final = select(credentials.c.agent, credentials.c.email).where(
    credentials.c.agent.in_(bindparam("codes", expanding=True)), credentials.c.email.is_not(None)
)
_rehash: Final = (
    update(credentials)
    .where(credentials.c.agent == bindparam("code"), credentials.c.password_hash == bindparam("before"))
    .values(password_hash=bindparam("after"))
)
_end_sessions: Final = delete(sessions).where(sessions.c.agent == bindparam("code"))
_end_links: Final = delete(activations).where(activations.c.agent == bindparam("code"))


class Credentials:
    """Argon2id hashes (RFC 9106); passwords are compared in Unicode's NFC, whatever keyboard typed them."""

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        self._engine, self._hasher = engine, hasher or PasswordHasher()
        self._nobody = self._hasher.hash(NOBODY)

    def set_email(self, code: str, email: str | None) -> None:
        """Where to reach an agent."""
        self._put(code, email=email)

    def email(self, code: str) -> str | None:
        """The agent's address, if there is one."""
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(_email_of, {"code": code})
            return found

    def emails(self, codes: Sequence[str]) -> dict[str, str]:
        """The addresses of those who have one."""
        with self._engine.connect() as connection:
            return {row.agent: row.email for row in connection.execute(_emails_of, {"codes": list(codes)})}

    def set_password(self, code: str, password: str, now: datetime) -> None:
        """Set a password; every open session of the agent ends, and every link that could set another."""
        written = self._hasher.hash(_normal(password))
        self._put(code, ended=True, password_hash=written, changed_at=micros(now))

    def check(self, code: str, password: str) -> bool:
        """Whether this is the agent's password; an unknown code takes the same time."""
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(_hash_of, {"code": code})
        right = self._verified(found or self._nobody, _normal(password)) and found is not None
        if right and found is not None and self._hasher.check_needs_rehash(found):
            with writing(self._engine) as connection:
                again = self._hasher.hash(_normal(password))
                connection.execute(_rehash, {"code": code, "before": found, "after": again})
        return right

    def has_password(self, code: str) -> bool:
        """Whether the agent ever chose one."""
        with self._engine.connect() as connection:
            return connection.scalar(_hash_of, {"code": code}) is not None

    def _verified(self, written: str, password: str) -> bool:
        try:
            return self._hasher.verify(written, password)
        except (VerificationError, InvalidHashError):
            return False

    def _put(self, code: str, *, ended: bool = False, **values: object) -> None:
        with writing(self._engine) as connection:
            put = insert_into(connection, credentials).values(agent=code, **values)
            connection.execute(put.on_conflict_do_update(index_elements=[credentials.c.agent], set_=values))
            if ended:
                connection.execute(_end_sessions, {"code": code})
                connection.execute(_end_links, {"code": code})


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
