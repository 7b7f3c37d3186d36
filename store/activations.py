"""One-time links to choose a password: the latest invalidates the earlier ones, and each serves once."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, bindparam, delete, select

from domain.instants import micros
from store.accounts import activations, hashed
from store.transactions import insert_into, writing

_find: Final = select(activations.c.agent).where(
    activations.c.token_hash == bindparam("token"), activations.c.expires_at > bindparam("now")
)
_consume: Final = (
    delete(activations)
    .where(activations.c.token_hash == bindparam("token"), activations.c.expires_at > bindparam("now"))
    .returning(activations.c.agent)
)


class Activations:
    """Tokens come from the caller and are never kept, only their hashes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, code: str, token: str, now: datetime, ttl: timedelta) -> None:
        """Let this token set the agent's password for a while; no earlier one does any more."""
        row = {"agent": code, "token_hash": hashed(token), "expires_at": micros(now + ttl)}
        with writing(self._engine) as connection:
            put = insert_into(connection, activations).values(row)
            connection.execute(put.on_conflict_do_update(index_elements=[activations.c.agent], set_=row))

    def find(self, token: str, now: datetime) -> str | None:
        """Whose token this is; asking uses nothing up."""
        with self._engine.connect() as connection:
            code: str | None = connection.scalar(_find, {"token": hashed(token), "now": micros(now)})
            return code

    def consume(self, token: str, now: datetime) -> str | None:
        """Whose token this was, for the one caller who uses it first."""
        with writing(self._engine) as connection:
            code: str | None = connection.scalar(_consume, {"token": hashed(token), "now": micros(now)})
            return code
