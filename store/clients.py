"""Programs that call the API, each with a token and its scopes."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Engine, bindparam, delete, select

from domain.errors import AlreadyExists, Invalid, UnknownClient
from domain.instants import instant, micros
from store.accounts import api_clients, hashed
from store.statements import SmallRead
from store.transactions import insert_into, writing

SCOPES: Final = ("intake", "read", "audit")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_find: Final = select(api_clients.c.name, api_clients.c.scopes).where(api_clients.c.token_hash == bindparam("token"))
_all: Final = select(api_clients.c.name, api_clients.c.scopes, api_clients.c.created_at).order_by(api_clients.c.name)


class ApiClient(msgspec.Struct, frozen=True):
    """A program and what it may do."""

    name: str
    scopes: frozenset[str]


class KnownClient(ApiClient, frozen=True):
    """The same with the instant since when it may call."""

    created_at: datetime


class ApiClients:
    """Tokens come from the caller and are never kept, only their hashes."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._found = engine, SmallRead(engine, _find)

    def create(self, name: str, token: str, scopes: Iterable[str], now: datetime) -> None:
        """Let a program in; raises Invalid or AlreadyExists."""
        wanted = frozenset(scopes)
        if not _NAME.fullmatch(name):
            raise Invalid({"name": ["1 à 40 lettres, chiffres, points, tirets ou soulignés."]})
        if not wanted or not wanted <= set(SCOPES):
            raise Invalid({"scope": ["Une portée au moins parmi : " + ", ".join(SCOPES) + "."]})
        row = {"name": name, "token_hash": hashed(token), "scopes": " ".join(sorted(wanted)), "created_at": micros(now)}
        with writing(self._engine) as connection:
            put = insert_into(connection, api_clients).values(row).on_conflict_do_nothing()
            if connection.scalar(put.returning(api_clients.c.name)) is None:
                raise AlreadyExists("API client", name)

    def find(self, token: str) -> ApiClient | None:
        """The program that holds this token."""
        found = self._found.rows(hashed(token))
        return ApiClient(found[0][0], frozenset(found[0][1].split())) if found else None

    def known(self) -> list[KnownClient]:
        """Every program, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(_all).all()
        return [KnownClient(name, frozenset(scopes.split()), instant(created_at)) for name, scopes, created_at in rows]

    def revoke(self, name: str) -> None:
        """Keep a program out from its next call on; its name may be given again. Raises UnknownClient."""
        with writing(self._engine) as connection:
            if connection.execute(delete(api_clients).where(api_clients.c.name == name)).rowcount == 0:
                raise UnknownClient(name)
