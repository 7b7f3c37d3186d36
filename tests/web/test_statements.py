"""A list page costs four statements whatever it shows: the session, the list with its counts, the names, the keys.

Beside them the register is asked twice for what is new about the agent and the town hall, as rights are read each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from projections.prepared import Prepared
from store.statements import SmallRead
from tests.databases import KINDS
from tests.installations import Town
from tests.web.building import app_of
from web.home import MOST_URGENT

CIVIL = "État civil"
PER_SECTION, PAGE = 30, 25
AT_MOST, OF_THE_REGISTER = 4, 2
ADDRESSES = ("/demandes/non-traitees", "/demandes/en-cours", "/demandes/en-attente", "/demandes/service")


@pytest.fixture(scope="module", params=KINDS)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Thirty demands in each section of Léa's lists, so that every page is full and has a next one."""
    opened = Town(tmp_path_factory.mktemp("town"), kind=request.param)
    lea = opened.agent("lea", CIVIL)
    forgetting = msgspec.structs.replace(opened.office.directory.definition("AEN"), deletion_delay_days=200)
    opened.office.directory.define_procedure(opened.command("system:test"), forgetting)
    for number in range(3 * PER_SECTION):
        reference = opened.submit("AEN")
        if number % 3:
            opened.act(reference, lea, "take_in_charge")
        if number % 3 == 2:
            opened.act(reference, lea, "put_on_hold", "autre")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lea(town: Town) -> FlaskClient:
    client = app_of(town.installation).test_client()
    town.installation.sessions.open("lea", town.clock(), "a" * 64)
    with client.session_transaction() as session:
        session["token"], session["code"] = "a" * 64, "lea"
    return client


@contextmanager
def statements(town: Town) -> Iterator[list[str]]:
    """What is sent to the four stores, through Core or on the drivers' own cursors."""
    seen: list[str] = []
    stores = town.installation.stores
    engines = (stores.events, stores.views, stores.keys, stores.accounts)
    run, rows = Prepared.run, SmallRead.rows

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    def noted(prepared: Prepared, sql: str, parameters: tuple[Any, ...]) -> Any:
        seen.append(sql)
        return run(prepared, sql, parameters)

    def noted_small(small: SmallRead, *parameters: object) -> Any:
        seen.append("a small read")
        return rows(small, *parameters)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Prepared, "run", noted)
            patched.setattr(SmallRead, "rows", noted_small)
            yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_list_page_costs_four_statements(town: Town, lea: FlaskClient, address: str) -> None:
    with statements(town) as seen:
        page = lea.get(address)
    assert page.status_code == 200
    assert page.text.count('class="reference"') == PAGE
    assert page.text.count("DUBOIS Marie") == PAGE
    assert 0 < len(seen) <= AT_MOST, seen


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_further_page_sorted_and_filtered_costs_no_more(town: Town, lea: FlaskClient, address: str) -> None:
    with statements(town) as seen:
        page = lea.get(f"{address}?sort=-due&procedure=AEN&received_from=2027-01-01&size=50")
    assert page.text.count('class="reference"') >= PAGE
    assert len(seen) <= AT_MOST, seen


def test_the_home_page_costs_one_more_for_its_own_numbers(town: Town, lea: FlaskClient) -> None:
    with statements(town) as seen:
        page = lea.get("/")
    assert page.text.count("DUBOIS Marie") == MOST_URGENT
    assert 0 < len(seen) <= AT_MOST + 1, seen


def test_an_empty_list_costs_no_more(town: Town, lea: FlaskClient) -> None:
    with statements(town) as seen:
        page = lea.get("/demandes/service?received_to=2001-01-01")
    assert 'class="reference"' not in page.text
    assert len(seen) <= AT_MOST, seen


def test_named_filters_come_with_the_session(town: Town, lea: FlaskClient) -> None:
    town.installation.named_filters.keep("lea", "service", "En retard", {"late": "1"})
    with statements(town) as seen:
        assert "En retard</a>" in lea.get("/demandes/service").text
    assert len(seen) <= AT_MOST, seen


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_register_is_asked_only_what_is_new_of_the_agent_and_the_town(
    town: Town, lea: FlaskClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    recorder, asked = town.installation.register.recorder, []
    select_events = recorder.select_events

    def noted(*args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs)
        return select_events(*args, **kwargs)

    lea.get(address)
    monkeypatch.setattr(recorder, "select_events", noted)
    assert ("suppression le" in lea.get(address).text) is address.endswith(("non-traitees", "service"))
    assert len(asked) == OF_THE_REGISTER
    assert all(kwargs["gt"] for kwargs in asked)
