"""Every query of the lists, searches, counters, the journal and the statistics follows an index, on both databases.

The statements are those that the readers really execute. What may be scanned is named: tables that do not grow with the
number of demands. What may be sorted is named: rows already cut to a page, and at most a thousand that bear a name.
PostgreSQL prefers a scan or a sort of a few thousand rows, so these are made dear: what is left no index serves.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select

from projections.journal import JournalCriteria
from projections.listing import sorts_of
from projections.lists import SECTIONS
from projections.overdue import Overdue
from projections.prepared import Prepared
from projections.reading import Criteria, Scope
from projections.tables import journal, metadata, position
from tests.installations import Town
from tests.projections.large_views import AGENTS, PROCEDURES, SERVICES, fill

NOW = datetime(2027, 3, 2, tzinfo=UTC)
SMALL = {"position", "open_counts", "agents", "procedures"}
LARGE = set(metadata.tables) - SMALL
CODES = tuple(code for code, _ in PROCEDURES)
OWN = tuple(code for code, service in PROCEDURES if service == SERVICES[0])
SCOPES = (
    Scope(AGENTS[0], OWN, SERVICES[:1], SERVICES[:1]),
    Scope(AGENTS[0], CODES, SERVICES, SERVICES, CODES[:1]),
    Scope(AGENTS[0], (*OWN, CODES[1]), SERVICES[:1], SERVICES[:2]),
)
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"procedure": CODES[0]},
    {"agent": AGENTS[0]},
    {"service": SERVICES[0]},
    {"received_from": NOW - timedelta(days=90), "received_before": NOW},
    {"late": True},
    {"status": "EN_ATTENTE"},
    {"reference": "P00X-000000000000"},
    {"words": ("mar",)},
    {"words": ("mar", "dubois")},
    {"words": ("nobody",)},
    {"words": ("mar",), "procedure": CODES[0], "late": True},
    {"words": ("mar",), "service": SERVICES[0]},
    {"agent": AGENTS[0], "status": "EN_ATTENTE", "procedure": CODES[0]},
    {"agent": AGENTS[0], "words": ("mar",)},
)
Statement = tuple[str, Any]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("views"), kind=kind)
    views, keyring = town.installation.stores.views, town.installation.keyring
    with views.connect() as connection:
        generation = connection.scalars(select(position.c.generation)).one()
    fill(views, keyring.keys([generation])[generation])
    if kind == "postgres":
        with views.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    yield town
    town.close()


def executed(engine: Engine, read: Callable[[], object]) -> list[Statement]:
    """What a reader sends to the read models, through Core or on the driver's own cursor."""
    seen: list[Statement] = []
    run = Prepared.run

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        seen.append((statement, parameters))

    def noted(prepared: Prepared, sql: str, parameters: tuple[Any, ...]) -> Any:
        seen.append((sql, parameters))
        return run(prepared, sql, parameters)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Prepared, "run", noted)
            read()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [found for found in seen if found[0].lstrip().upper().startswith("SELECT")]


def faults(connection: Connection, statement: Statement) -> list[str]:
    """What is wrong with the plan of a statement; nothing for a sound one."""
    text, parameters = statement
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters).all()
        return faults_of_sqlite([(row[1], row[3]) for row in rows])
    return list(faults_of_postgres(plan_of_postgres(connection, statement)))


def plan_of_postgres(connection: Connection, statement: Statement) -> dict[str, Any]:
    """The plan that avoids scans and sorts wherever an index serves."""
    text, parameters = statement
    for way in ("seqscan", "bitmapscan", "sort"):
        connection.exec_driver_sql(f"SET enable_{way} = off")
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", parameters).scalar_one()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def led_by(connection: Connection, statement: Statement) -> set[str]:
    """The columns whose values lead into the table of open demands; empty for an index that is read from its start."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]).all()
        led = [re.search(r"current_demands USING [\w ]+(?:\((\w+)[=<>])?", row[3]) for row in rows]
        return {found[1] or "" for found in led if found is not None}
    return set(_conditions_of(plan_of_postgres(connection, statement)))


def _conditions_of(node: dict[str, Any]) -> Iterator[str]:
    if node.get("Relation Name") == "current_demands":
        leading = re.match(r"\(+(\w+)", node.get("Index Cond", ""))
        yield leading[1] if leading else ""
    for inner in node.get("Plans", ()):
        yield from _conditions_of(inner)


def faults_of_sqlite(plan: list[tuple[int, str]]) -> list[str]:
    """A scan of a large table, save in the order of an index until a page is full; a sort of more than a page."""
    found = []
    for parent, detail in plan:
        scanned = re.match(r"SCAN (\w+)(?: AS \w+)?(.*)", detail)
        in_order = scanned is not None and "USING INDEX journal_by_closing" in scanned[2]
        if scanned is not None and scanned[1] in LARGE and not in_order:
            found.append(detail)
        if detail == "USE TEMP B-TREE FOR ORDER BY":
            first = next(other for where, other in plan if where == parent)
            by_rarest = re.fullmatch(r"SEARCH current_demands USING INDEX \w+ \(seq=\?\)", first)
            page = re.match(r"(SCAN|MATERIALIZE|CO-ROUTINE) \(?(anon_|subquery)", first)
            if not by_rarest and not page:
                found.append(f"{detail} after {first}")
    return found


def faults_of_postgres(node: dict[str, Any]) -> Iterator[str]:
    """A sequential scan of a large table; a sort of rows that no limit cut, nor a rare name."""
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        yield f"Seq Scan on {node['Relation Name']}"
    if node["Node Type"] in ("Sort", "Incremental Sort") and not any(map(_is_cut, node["Plans"])):
        yield f"Sort by {node['Sort Key']} of {[inner['Node Type'] for inner in node['Plans']]}"
    for inner in node.get("Plans", ()):
        yield from faults_of_postgres(inner)


def _is_cut(node: dict[str, Any]) -> bool:
    """Whether rows come from a page, from the tokens of a name, from a small table or one group of figures."""
    if node["Node Type"] in ("Limit", "Aggregate", "Group"):
        return True
    if node["Node Type"] == "Index Scan" and "(reference =" in node.get("Index Cond", ""):
        return True
    if node.get("Relation Name") in SMALL | {"search_tokens", "daily_counts", "delay_buckets"}:
        return True
    return any(map(_is_cut, node.get("Plans", ())))


def check(town: Town, read: Callable[[], object]) -> int:
    views = town.installation.stores.views
    statements = executed(views, read)
    with views.connect() as connection:
        for statement in statements:
            assert faults(connection, statement) == [], statement
    return len(statements)


SORTED = [(section, sort) for section in SECTIONS for sort in sorts_of(section)]


@pytest.mark.parametrize(("section", "sort"), SORTED)
def test_no_list_scans_or_sorts(filled: Town, section: str, sort: str) -> None:
    lists, number = filled.installation.lists, 0
    for scope, filters in product(SCOPES, FILTERS):
        criteria = Criteria(section, sort=sort, **filters)
        number += check(filled, lambda c=criteria, s=scope: lists.page(c, s, NOW))  # type: ignore[misc]
        cursor = lists.page(criteria, scope, NOW).next
        if cursor is not None:
            further = Criteria(section, sort=sort, cursor=cursor, **filters)
            number += check(filled, lambda c=further, s=scope: lists.page(c, s, NOW))  # type: ignore[misc]
    assert number > len(SCOPES) * len(FILTERS)


@pytest.mark.parametrize(
    ("section", "filters", "column", "sort"),
    [
        ("service", {"agent": AGENTS[0]}, "agent", "received"),
        ("service", {"agent": AGENTS[0]}, "agent", "-due"),
        ("service", {"agent": AGENTS[0], "status": "EN_ATTENTE"}, "agent", "-received"),
        ("service", {"agent": AGENTS[0], "procedure": CODES[1], "words": ("mar",)}, "agent", "received"),
        ("untreated", {"agent": AGENTS[0]}, "agent", "received"),
        ("untreated", {"agent": AGENTS[0]}, "agent", "due"),
        ("service", {"procedure": CODES[0]}, "procedure", "received"),
    ],
)
def test_who_has_few_demands_is_not_looked_for_among_all(
    filled: Town, section: str, filters: dict[str, Any], column: str, sort: str
) -> None:
    lists, views = filled.installation.lists, filled.installation.stores.views
    criteria = Criteria(section, sort=sort, **filters)
    assert lists.page(criteria, SCOPES[1], NOW).rows
    read_by, scopes = [lists.page, lambda *asked: lists.number(*asked, 100)], SCOPES
    if criteria.words:  # in one service too few bear that name for the agent to lead
        read_by, scopes = [lists.page], SCOPES[1:2]
    for read, scope in product(read_by, scopes):
        listing = executed(views, lambda read=read, scope=scope: read(criteria, scope, NOW))[-1]  # type: ignore[misc]
        with views.connect() as connection:
            assert column in led_by(connection, listing) <= {column, "seq"}


def test_a_second_word_of_a_name_is_looked_up_beside_the_first(filled: Town) -> None:
    """By its whole key: led by the demand's number alone, each look would go elsewhere in the tokens."""
    views, criteria = filled.installation.stores.views, Criteria("service", words=("mar", "dubois"))
    listing = executed(views, lambda: filled.installation.lists.page(criteria, SCOPES[0], NOW))[-1]
    with views.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {listing[0]}", listing[1]).all()
            (looked_up,) = [row[3] for row in rows if "borne" in row[3]]
            assert re.search(r"PRIMARY KEY \(service=\? AND token=\? AND submitted_at=\? AND seq>\?", looked_up)
        else:
            plan = json.dumps(plan_of_postgres(connection, listing))
            assert '"search_tokens_pkey"' in plan
            assert '"tokens_of"' not in plan


@pytest.mark.parametrize("section", SECTIONS)
def test_no_count_of_all_results_scans_or_sorts(filled: Town, section: str) -> None:
    lists, number = filled.installation.lists, 0
    for scope, filters in product(SCOPES, FILTERS):
        criteria = Criteria(section, **filters)
        number += check(filled, lambda c=criteria, s=scope: lists.number(c, s, NOW, 100_000))  # type: ignore[misc]
    assert number > len(SCOPES)


def test_no_look_for_a_number_scans_or_sorts(filled: Town) -> None:
    references = [f"{code}X-000000000000" for code in CODES]
    assert check(filled, lambda: filled.installation.lists.written_so(references)) == 1


def test_no_counter_and_no_home_page_scans_or_sorts(filled: Town) -> None:
    lists = filled.installation.lists
    for scope in SCOPES:
        assert check(filled, lambda s=scope: lists.counters(s, NOW)) == 1  # type: ignore[misc]
        assert check(filled, lambda s=scope: lists.beside_sections(s, NOW)) == 1  # type: ignore[misc]
        assert check(filled, lambda s=scope: lists.urgent(s, NOW, timedelta(days=2), 12)) == 1  # type: ignore[misc]
    assert check(filled, filled.installation.people.known) == 1


def test_no_page_of_the_journal_scans_or_sorts(filled: Town) -> None:
    reader = filled.installation.journal
    filters: tuple[dict[str, Any], ...] = (
        {},
        {"archived": False, "archive_limit": NOW - timedelta(days=365)},
        {"archived": True, "archive_limit": NOW - timedelta(days=30)},
        {"procedure": CODES[0]},
        {"service": SERVICES[0]},
        {"agent": AGENTS[0]},
        {"event_type": "appel_usager"},
        {"agent": AGENTS[0], "event_type": "appel_usager", "procedure": CODES[0]},
        {"closed_from": NOW - timedelta(days=200), "closed_before": NOW - timedelta(days=100)},
        {"reference": "P00X-000000003000"},
    )
    for scope, chosen in product((None, *SCOPES), filters):
        assert check(filled, lambda c=chosen, s=scope: reader.page(JournalCriteria(**c), s)) == 1  # type: ignore[misc]
        cursor = reader.page(JournalCriteria(limit=5, **chosen), scope).next
        if cursor is not None:
            further = JournalCriteria(cursor=cursor, limit=5, **chosen)
            check(filled, lambda c=further, s=scope: reader.page(c, s))  # type: ignore[misc]


@pytest.mark.parametrize("by", [None, "procedure", "service", "agent", "channel", "day", "week", "month", "year"])
def test_no_figure_scans_or_sorts(filled: Town, by: str | None) -> None:
    figures = filled.installation.statistics.figures
    assert check(filled, lambda: figures(date(2025, 1, 1), date(2025, 12, 31), by, NOW.date())) >= 3
    assert check(filled, lambda: figures(None, None, by, NOW.date())) >= 3


@pytest.mark.parametrize("of", [("procedure", CODES[0]), ("service", SERVICES[0])])
@pytest.mark.parametrize("by", [None, "day", "month"])
def test_no_figure_of_one_key_scans_or_sorts(filled: Town, of: tuple[str, str], by: str | None) -> None:
    figures = filled.installation.statistics.figures
    assert check(filled, lambda: figures(date(2025, 1, 1), date(2025, 12, 31), by, NOW.date(), of)) >= 3


def test_no_sweep_of_reminders_and_none_of_expiry_scans_or_sorts(filled: Town) -> None:
    """What a clock asks all day; ``--now`` and the what-if read a period of the past instead."""
    overdue = Overdue(filled.installation.stores.views)
    assert check(filled, lambda: list(overdue.reminders(NOW))) > 2
    assert check(filled, lambda: list(overdue.reminders(NOW - timedelta(days=380), 10))) > 2
    for code in CODES:
        assert check(filled, lambda c=code: overdue.untreated(c, NOW)) == 1  # type: ignore[misc]


def test_the_guard_sees_a_scan_and_a_sort(filled: Town) -> None:
    by_outcome = select(journal.c.seq).where(journal.c.outcome == "refusee").order_by(journal.c.taken_at)
    views = filled.installation.stores.views
    with views.connect() as connection:
        (statement,) = executed(views, lambda: connection.execute(by_outcome).all())
        assert faults(connection, statement)
