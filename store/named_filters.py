"""The criteria that an agent keeps under a name of his own; never a citizen's name among them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Integer,
    MetaData,
    ScalarSelect,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from store.statements import SmallRead
from store.transactions import insert_into, writing

MOST: Final = 30
"""So many of one agent: they stand above his lists."""
metadata: Final = MetaData()
named_filters: Final = Table(
    "named_filters",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("agent", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("criteria", Text, nullable=False),
    UniqueConstraint("agent", "section", "name"),
)
_COLUMNS: Final = (named_filters.c.number, named_filters.c.section, named_filters.c.name, named_filters.c.criteria)
_of: Final = (
    select(*_COLUMNS)
    .where(named_filters.c.agent == bindparam("agent"))
    .order_by(named_filters.c.section, named_filters.c.name)
)
_own: Final = (named_filters.c.agent == bindparam("code"), named_filters.c.number == bindparam("wanted"))
_count: Final = select(func.count()).where(named_filters.c.agent == bindparam("agent"))
_same: Final = select(named_filters.c.number).where(
    *(named_filters.c[name] == bindparam(name) for name in ("agent", "section", "name"))
)
_rename: Final = update(named_filters).where(*_own).values(name=bindparam("new_name"))
_forget: Final = delete(named_filters).where(*_own)


class NamedFilter(msgspec.Struct, frozen=True):
    """Criteria of one section, as an address carries them."""

    number: int
    section: str
    name: str
    criteria: Mapping[str, str]


class TooManyFilters(Exception):
    """The agent keeps as many as fit above a list."""


class NameTaken(Exception):
    """Another filter of this section has that name."""


class NamedFilters:
    """Each agent sees and changes his own only."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._found = engine, SmallRead(engine, _of)

    def of(self, agent: str) -> list[NamedFilter]:
        """What an agent keeps, by section and name."""
        return [_filter(row) for row in self._found.rows(agent)]

    def keep(self, agent: str, section: str, name: str, criteria: Mapping[str, str]) -> bool:
        """Keep criteria; those of the same name are replaced, which is told by False. Raises TooManyFilters."""
        row = {"agent": agent, "section": section, "name": name}
        with writing(self._engine) as connection:
            new = connection.scalar(_same, row) is None
            if new and (connection.scalar(_count, row) or 0) >= MOST:
                raise TooManyFilters
            text = json.dumps(dict(criteria), ensure_ascii=False)
            put = insert_into(connection, named_filters).values(**row, criteria=text)
            keys = ["agent", "section", "name"]
            connection.execute(put.on_conflict_do_update(index_elements=keys, set_={"criteria": text}))
        return new

    def rename(self, agent: str, number: int, name: str) -> bool:
        """Give a filter another name; False when the agent has no such filter. Raises NameTaken."""
        try:
            with writing(self._engine) as connection:
                done = connection.execute(_rename, {"code": agent, "wanted": number, "new_name": name}).rowcount
        except IntegrityError as error:
            raise NameTaken from error
        return bool(done)

    def forget(self, agent: str, number: int) -> bool:
        """Forget a filter; False when the agent has no such filter."""
        with writing(self._engine) as connection:
            done = connection.execute(_forget, {"code": agent, "wanted": number}).rowcount
        return bool(done)


def kept_by(agent: ColumnElement[str], dialect: Dialect) -> ScalarSelect[str]:
    """All filters of an agent as one text, for a statement that reads something else of him (``read_kept``)."""
    many: ColumnElement[str]
    if dialect.name == "postgresql":
        many = cast(func.json_agg(func.json_build_array(*_COLUMNS)), Text)
    else:
        many = func.json_group_array(func.json_array(*_COLUMNS))
    return select(many).where(named_filters.c.agent == agent).scalar_subquery()


def read_kept(text: str | None) -> list[NamedFilter]:
    """What ``kept_by`` gave, by section and name."""
    found = [_filter(row) for row in json.loads(text or "[]")]
    return sorted(found, key=lambda one: (one.section, one.name))


def create_tables(connection: Connection) -> None:
    """The named filters."""
    metadata.create_all(connection)


def _filter(row: Sequence[Any]) -> NamedFilter:
    number, section, name, criteria = row
    return NamedFilter(number, section, name, json.loads(criteria))
