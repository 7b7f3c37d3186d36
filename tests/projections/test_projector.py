"""Exactly once: several readers at once, and a fact that cannot be read."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from domain.facts import UnreadableFact
from projections.projector import Projector
from projections.tables import current, daily_counts
from store.transactions import writing
from tests.installations import Town


def projector(town: Town, page: int = 7) -> Projector:
    installation = town.installation
    views, records = installation.stores.views, installation.records
    return Projector(views, records, installation.keyring, installation.calendars, page)


def test_several_readers_at_once_count_each_fact_once(town: Town) -> None:
    town.office.saved = lambda: None
    town.office.directory._saved = lambda: None
    for _ in range(60):
        town.submit("AEN")
    with ThreadPoolExecutor(6) as threads:
        numbers = list(threads.map(lambda _: projector(town).catch_up(), range(6)))
    head = town.installation.register.head()
    with town.installation.stores.views.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(current)) == 60
        received = select(func.sum(daily_counts.c.received)).where(daily_counts.c.dimension == "all")
        for length in (len("2027-03-01"), len("2027-03")):
            assert connection.scalar(received.where(func.length(daily_counts.c.day) == length)) == 60
    assert sum(numbers) <= head
    assert town.installation.projector.position().notification_id == head


def test_a_fact_that_cannot_be_read_stops_the_projector_there_and_is_told(town: Town) -> None:
    town.submit("AEN")
    before = town.installation.projector.position().notification_id
    stop_before_a_future_fact(town)
    with pytest.raises(UnreadableFact):
        town.installation.projector.catch_up()
    reference = town.submit("AEN")
    assert reference
    assert town.installation.projector.position().notification_id == before
    assert town.installation.readiness() == {"views": "UnreadableFact"}


@pytest.mark.parametrize("page", [3, 7, 2_000])
def test_what_precedes_a_fact_that_cannot_be_read_is_listed(town: Town, page: int) -> None:
    town.office.saved = lambda: None
    references = {town.submit("AEN") for _ in range(8)}
    number = stop_before_a_future_fact(town)
    town.submit("AEN")
    for _ in range(2):
        with pytest.raises(UnreadableFact) as caught:
            projector(town, page).catch_up()
        assert caught.value.number == number
        assert town.installation.projector.position().notification_id == number - 1
        with town.installation.stores.views.connect() as connection:
            assert set(connection.scalars(select(current.c.reference))) == references


def stop_before_a_future_fact(town: Town) -> int:
    """Its number; a newer version wrote it."""
    with writing(town.installation.stores.events) as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
            "VALUES ('00000000000000000000000000000001', 1, 'demand.from-the-future:9', '{}')"
        )
    return town.installation.register.head()
