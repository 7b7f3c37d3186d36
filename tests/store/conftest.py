"""The stores of one small installation, in a directory of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import urandom
from pathlib import Path

import pytest
from sqlalchemy import Engine

from store import keyring
from store.engines import sqlite_engine
from store.epochs import Epochs
from store.events import create_tables
from store.keyring import StoredKeyring
from store.postgres import environment
from store.register import Register
from store.schema import upgrade
from store.servers import postgres_engine
from store.transactions import creating
from tests.databases import KINDS, emptied_database

WRAPPING_KEY = b"w" * 32


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    found: str = request.param
    return found


@pytest.fixture
def server(kind: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database, where the test is about one."""
    if kind != "postgres":
        yield ""
        return
    with emptied_database() as url:
        yield url


@pytest.fixture
def open_engine(tmp_path: Path, server: str) -> Iterator[Callable[[str], Engine]]:
    """Opens an engine over a file of this directory, or a schema; twice the same name is two processes."""
    with ExitStack() as stack:

        def opened(name: str) -> Engine:
            engine = postgres_engine(server, f"suivi_{name}") if server else sqlite_engine(str(tmp_path / f"{name}.db"))
            stack.callback(engine.dispose)
            return engine

        yield opened


@pytest.fixture
def events(open_engine: Callable[[str], Engine]) -> Engine:
    """The events store with its tables."""
    engine = open_engine("events")
    with creating(engine) as connection:
        create_tables(connection)
    return engine


@pytest.fixture
def open_register(tmp_path: Path, server: str, events: Engine) -> Iterator[Callable[[], Register]]:
    """Opens a register over the events store; twice is two processes."""
    with ExitStack() as stack:

        def opened() -> Register:
            files = {"PERSISTENCE_MODULE": "store.sqlite:Factory", "SQLITE_DBNAME": str(tmp_path / "events.db")}
            register = Register(environment(server) if server else files | {"CREATE_TABLE": "n"}, events)
            stack.callback(register.close)
            return register

        yield opened


@pytest.fixture
def register(open_register: Callable[[], Register]) -> Register:
    """A register over an empty events store."""
    return open_register()


@pytest.fixture
def epochs(tmp_path: Path) -> Epochs:
    """A keys directory."""
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    return Epochs(directory, WRAPPING_KEY, urandom)


@pytest.fixture
def keys(open_engine: Callable[[str], Engine], epochs: Epochs) -> Engine:
    """The keyring's database."""
    engine = open_engine("keys")
    upgrade(engine, "keys", {1: lambda connection: keyring.create_tables(connection, epochs.new)})
    return engine


@pytest.fixture
def ring(keys: Engine, epochs: Epochs, tmp_path: Path) -> StoredKeyring:
    """An empty keyring."""
    return StoredKeyring(keys, epochs, urandom, tmp_path / "keyring")
