"""Each store knows the version of its own tables; another version is refused rather than guessed at."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, insert, select, update

from store.transactions import creating

Step = Callable[[Connection], None]
_metadata: Final = MetaData()
_versions: Final = Table(
    "schema_version", _metadata, Column("store", Text, primary_key=True), Column("version", Integer)
)


class WrongVersion(Exception):
    """The store was made by another version of Suivi, or not made at all (``found`` is None)."""

    def __init__(self, store: str, found: int | None, wanted: int) -> None:
        super().__init__(f"store {store}: version {found}, this program needs {wanted}")
        self.store, self.found, self.wanted = store, found, wanted


def found_version(engine: Engine, store: str) -> int | None:
    """The version of a store's tables, or None where there are none."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, _versions.name):
            return None
        version: int | None = connection.scalar(select(_versions.c.version).where(_versions.c.store == store))
        return version


def require_version(engine: Engine, store: str, wanted: int) -> None:
    """Raise WrongVersion unless the store has exactly this version."""
    found = found_version(engine, store)
    if found != wanted:
        raise WrongVersion(store, found, wanted)


def upgrade(engine: Engine, store: str, steps: Mapping[int, Step]) -> None:
    """Run the numbered steps the store has not seen, each once, in one transaction; a newer store is refused."""
    wanted = max(steps)
    with creating(engine) as connection:
        _metadata.create_all(connection)
        found: int | None = connection.scalar(select(_versions.c.version).where(_versions.c.store == store))
        if found is not None and found > wanted:
            raise WrongVersion(store, found, wanted)
        for number in range((found or 0) + 1, wanted + 1):
            steps[number](connection)
        if found is None:
            connection.execute(insert(_versions).values(store=store, version=wanted))
        else:
            connection.execute(update(_versions).where(_versions.c.store == store).values(version=wanted))
