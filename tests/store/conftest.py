"""The stores of one small installation, in a directory of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import urandom
from pathlib import Path

import pytest
from sqlalchemy import Engine

from store import intake_keys, keyring, outbox
from store.engines import sqlite_engine
from store.epochs import Epochs
from store.keyring import StoredKeyring
from store.register import Register
from store.schema import upgrade
from store.sqlite import CREATE_EVENTS

WRAPPING_KEY = b"w" * 32


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[Callable[[str], Engine]]:
    """Opens an engine over a file of this directory, and closes it at the end; twice the same is two processes."""
    with ExitStack() as stack:

        def opened(name: str) -> Engine:
            engine = sqlite_engine(str(tmp_path / name))
            stack.callback(engine.dispose)
            return engine

        yield opened


@pytest.fixture
def events(open_engine: Callable[[str], Engine]) -> Engine:
    """The events store with its tables."""
    engine = open_engine("events.db")
    with engine.begin() as connection:
        connection.exec_driver_sql(CREATE_EVENTS)
        outbox.create_tables(connection)
        intake_keys.metadata.create_all(connection)
    return engine


@pytest.fixture
def open_register(tmp_path: Path, events: Engine) -> Iterator[Callable[[], Register]]:
    """Opens a register over the events store; twice is two processes."""
    with ExitStack() as stack:

        def opened() -> Register:
            env = {"PERSISTENCE_MODULE": "store.sqlite:Factory", "SQLITE_DBNAME": str(tmp_path / "events.db")}
            register = Register(env | {"CREATE_TABLE": "n"}, events)
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
    engine = open_engine("keys.db")
    upgrade(engine, "keys", {1: lambda connection: keyring.create_tables(connection, epochs.new)})
    return engine


@pytest.fixture
def ring(keys: Engine, epochs: Epochs, tmp_path: Path) -> StoredKeyring:
    """An empty keyring."""
    return StoredKeyring(keys, epochs, urandom, tmp_path / "keyring")
