"""Named filters: each agent's own, one of a name in a section, read with his session."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from store import accounts as accounts_tables
from store import named_filters
from store.named_filters import (
    MOST,
    NamedFilter,
    NamedFilters,
    NameTaken,
    TooManyFilters,
    read_kept,
)
from store.sessions import Sessions
from store.transactions import creating

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def accounts(open_engine: Callable[[str], Engine]) -> Engine:
    """The tables of the filters and of the sessions."""
    engine = open_engine("accounts")
    with creating(engine) as connection:
        for module in (accounts_tables, named_filters):
            module.create_tables(connection)
    return engine


@pytest.fixture
def kept(accounts: Engine) -> NamedFilters:
    """Nothing kept yet."""
    return NamedFilters(accounts)


def names(filters: list[NamedFilter]) -> list[tuple[str, str]]:
    return [(one.section, one.name) for one in filters]


def test_each_agent_finds_his_own_by_section_and_name(kept: NamedFilters) -> None:
    for section, name in (("untreated", "b"), ("service", "z"), ("untreated", "a")):
        assert kept.keep("zoe", section, name, {"procedure": "AEN", "late": "1"})
    kept.keep("luc", "service", "his", {"agent": "luc"})
    assert names(kept.of("zoe")) == [("service", "z"), ("untreated", "a"), ("untreated", "b")]
    assert kept.of("zoe")[0].criteria == {"procedure": "AEN", "late": "1"}
    assert names(kept.of("luc")) == [("service", "his")]


def test_the_same_name_in_a_section_replaces(kept: NamedFilters) -> None:
    kept.keep("zoe", "service", "é", {"procedure": "AEN"})
    number = kept.of("zoe")[0].number
    assert not kept.keep("zoe", "service", "é", {"procedure": "CAN"})
    assert kept.keep("zoe", "untreated", "é", {"late": "1"})
    assert kept.of("zoe")[0] == NamedFilter(number, "service", "é", {"procedure": "CAN"})
    assert len(kept.of("zoe")) == 2


def test_a_name_belongs_to_one_filter_of_a_section(kept: NamedFilters) -> None:
    for name in ("a", "b"):
        kept.keep("zoe", "service", name, {"late": "1"})
    kept.keep("zoe", "untreated", "c", {"late": "1"})
    first = kept.of("zoe")[0].number
    with pytest.raises(NameTaken):
        kept.rename("zoe", first, "b")
    assert kept.rename("zoe", first, "c")
    assert names(kept.of("zoe")) == [("service", "b"), ("service", "c"), ("untreated", "c")]


def test_nobody_changes_what_others_keep(kept: NamedFilters) -> None:
    kept.keep("zoe", "service", "a", {"late": "1"})
    number = kept.of("zoe")[0].number
    assert not kept.rename("luc", number, "mine")
    assert not kept.forget("luc", number)
    assert names(kept.of("zoe")) == [("service", "a")]
    assert kept.forget("zoe", number)
    assert not kept.forget("zoe", number)
    assert kept.of("zoe") == []


def test_there_is_a_most(kept: NamedFilters) -> None:
    for number in range(MOST):
        kept.keep("zoe", "service", f"n{number}", {"late": "1"})
    with pytest.raises(TooManyFilters):
        kept.keep("zoe", "untreated", "more", {"late": "1"})
    assert not kept.keep("zoe", "service", "n3", {"late": "1"})
    assert kept.keep("luc", "service", "his", {"late": "1"})


def test_they_come_with_the_session(accounts: Engine, kept: NamedFilters) -> None:
    sessions = Sessions(accounts)
    sessions.open("zoe", NOON, "jeton")
    found = sessions.find("jeton", NOON, timedelta(hours=1), timedelta(hours=1))
    assert found is not None
    assert read_kept(found.filters) == []
    for section, name in (("untreated", "b"), ("service", "L’été, « déjà »"), ("service", "a")):
        kept.keep("zoe", section, name, {"late": "1", "agent": "Ÿ"})
    kept.keep("luc", "service", "his", {"late": "1"})
    found = sessions.find("jeton", NOON, timedelta(hours=1), timedelta(hours=1))
    assert found is not None
    assert sorted(read_kept(found.filters), key=by_number) == sorted(kept.of("zoe"), key=by_number)
    assert [one.section for one in read_kept(found.filters)] == ["service", "service", "untreated"]


def by_number(one: NamedFilter) -> int:
    return one.number
