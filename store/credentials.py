"""An agent's e-mail address and password hash; the facts of agents never hold either."""

import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import Connection, Engine, bindparam, delete, select, update

from domain.instants import micros
from store.accounts import credentials, sessions
from store.activations import end_links, use
from store.transactions import insert_into, writing

_hash_of: Final = select(credentials.c.password_hash).where(credentials.c.agent == bindparam("code"))
_email_of: Final = select(credentials.c.email).where(credentials.c.agent == bindparam("code"))
_emails_of: Final = select(credentials.c.agent, credentials.c.email).where(
    credentials.c.agent.in_(bindparam("codes", expanding=True)), credentials.c.email.is_not(None)
)
_reachable: Final = select(credentials.c.agent).where(credentials.c.email.is_not(None)).order_by(credentials.c.agent)
_rehash: Final = (
    update(credentials)
    .where(credentials.c.agent == bindparam("code"), credentials.c.password_hash == bindparam("before"))
    .values(password_hash=bindparam("after"))
)
_replace: Final = (
    update(credentials)
    .where(credentials.c.agent == bindparam("code"), credentials.c.password_hash == bindparam("before"))
    .values(password_hash=bindparam("after"), changed_at=bindparam("at"))
)
_end_sessions: Final = delete(sessions).where(sessions.c.agent == bindparam("code"))


class Credentials:
    """Argon2id hashes (RFC 9106); passwords are compared in Unicode's NFC, whatever keyboard typed them."""

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        self._engine, self._hasher = engine, hasher or PasswordHasher()
        self._nobody = _of_nobody(self._hasher)

    def set_email(self, code: str, email: str | None) -> None:
        """Where to reach an agent."""
        with writing(self._engine) as connection:
            _put(connection, code, email=email)

    def email(self, code: str) -> str | None:
        """The agent's address, if there is one."""
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(_email_of, {"code": code})
            return found

    def reachable(self) -> list[str]:
        """The codes of all who have an address."""
        with self._engine.connect() as connection:
            return list(connection.scalars(_reachable))

    def emails(self, codes: Sequence[str]) -> dict[str, str]:
        """The addresses of those who have one."""
        with self._engine.connect() as connection:
            return {row.agent: row.email for row in connection.execute(_emails_of, {"codes": list(codes)})}

    def set_password(self, code: str, password: str, now: datetime) -> None:
        """Set a password; every open session of the agent ends, and every link that could set another."""
        written = self._hasher.hash(_normal(password))
        with writing(self._engine) as connection:
            _set(connection, code, written, now)

    def set_by_link(self, token: str, password: str, now: datetime) -> str | None:
        """Set the password of the agent whose link this is, and use the link up, or neither; who he is."""
        written = self._hasher.hash(_normal(password))
        with writing(self._engine) as connection:
            code = use(connection, token, now)
            if code is not None:
                _set(connection, code, written, now)
            return code

    def change_password(self, code: str, verified: str, password: str, now: datetime) -> str | None:
        """Set a password instead of the one that ``check`` verified; what is verified from now on.

        None, and nothing changes, when another one was set since: of two changes at once, one is told so.
        """
        written = self._hasher.hash(_normal(password))
        with writing(self._engine) as connection:
            replaced = {"code": code, "before": verified, "after": written, "at": micros(now)}
            if connection.execute(_replace, replaced).rowcount == 0:
                return None
            _end_access(connection, code)
            return written

    def check(self, code: str, password: str) -> str | None:
        """What proves that this is the agent's password at this moment; None when it is not.

        An unknown code takes the same time. A session opens, or a password changes, only while the proof holds.
        """
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(_hash_of, {"code": code})
        if not self._verified(found or self._nobody, _normal(password)) or found is None:
            return None
        if not self._hasher.check_needs_rehash(found):
            return found
        return self._renewed(code, found, password) or self.check(code, password)

    def has_password(self, code: str) -> bool:
        """Whether the agent ever chose one."""
        with self._engine.connect() as connection:
            return connection.scalar(_hash_of, {"code": code}) is not None

    def _verified(self, written: str, password: str) -> bool:
        try:
            return self._hasher.verify(written, password)
        except (VerificationError, InvalidHashError):
            return False

    def _renewed(self, code: str, before: str, password: str) -> str | None:
        """The hash under the settings in force; None when the row changed at this moment."""
        after = self._hasher.hash(_normal(password))
        with writing(self._engine) as connection:
            replaced = connection.execute(_rehash, {"code": code, "before": before, "after": after}).rowcount
        return after if replaced else None


def _of_nobody(hasher: PasswordHasher) -> str:
    """What takes as long to verify as a real hash and no time to make; no password is known to give only zeros."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _put(connection: Connection, code: str, **values: object) -> None:
    put = insert_into(connection, credentials).values(agent=code, **values)
    connection.execute(put.on_conflict_do_update(index_elements=[credentials.c.agent], set_=values))


def _set(connection: Connection, code: str, written: str, now: datetime) -> None:
    _put(connection, code, password_hash=written, changed_at=micros(now))
    _end_access(connection, code)


def _end_access(connection: Connection, code: str) -> None:
    """Whoever got in by the password of before is out, and no link of before sets another."""
    connection.execute(_end_sessions, {"code": code})
    end_links(connection, code)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
