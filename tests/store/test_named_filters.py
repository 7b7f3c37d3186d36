"""Named filters: each agent's own, one of a name in a section, remembered for some minutes between changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from store.named_filters import (
    MOST,
    REMEMBERED_FOR,
    NamedFilter,
    NamedFilters,
    NameTaken,
    TooManyFilters,
    create_tables,
)
from store.transactions import creating

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def accounts(open_engine: Callable[[str], Engine]) -> Engine:
    """The tables of the filters."""
    engine = open_engine("accounts")
    with creating(engine) as connection:
        create_tables(connection)
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


def test_another_process_is_believed_for_some_minutes_and_the_same_browser_at_once(
    accounts: Engine, kept: NamedFilters
) -> None:
    elsewhere = NamedFilters(accounts)
    assert elsewhere.lately("zoe", "", NOON) == []
    kept.keep("zoe", "service", "a", {"late": "1"})
    assert names(list(kept.lately("zoe", "", NOON))) == [("service", "a")]
    assert elsewhere.lately("zoe", "", NOON + REMEMBERED_FOR - timedelta(seconds=1)) == []
    assert names(list(elsewhere.lately("zoe", "changed", NOON))) == [("service", "a")]
    kept.keep("zoe", "service", "b", {"late": "1"})
    assert len(elsewhere.lately("zoe", "changed", NOON)) == 1
    assert len(elsewhere.lately("zoe", "changed", NOON + REMEMBERED_FOR)) == 2
