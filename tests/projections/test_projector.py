"""Exactly once: several readers at once, and a fact that cannot be read."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.persistence import MapperDeserialisationError
from sqlalchemy import func, select

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
    with writing(town.installation.stores.events) as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
            "VALUES ('00000000000000000000000000000001', 1, 'demand.from-the-future:9', '{}')"
        )
    with pytest.raises(MapperDeserialisationError):
        town.installation.projector.catch_up()
    reference = town.submit("AEN")
    assert reference
    assert town.installation.projector.position().notification_id == before
    assert town.installation.readiness() == {"views": "MapperDeserialisationError"}
