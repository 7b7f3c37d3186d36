"""The service and the worker as they run at a town hall: a whole life over HTTP, letters, brokers that die."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from domain.references import demand_id
from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import CITIZEN, Hall, demands, queued
from tests.faults.load import LIFE
from tests.faults.service import Service, WorkerProcess
from tests.faults.stores import small_on_postgres, small_on_sqlite
from tests.faults.visitors import AtWork, Site
from tests.faults.waiting import PROMISED_S, until
from tests.workers.brokers import OwnRedis, drop_queues
from tests.workers.conftest import rabbitmq_url
from tests.workers.smtp import Inbox

WHOLE_LIFE = [
    "Submitted",
    "MailRequested",
    *(fact for _, fact, _ in LIFE),
    "MailRequested",
    "PersonalDataErased",
]


def has_key(hall: Hall, reference: str) -> bool:
    with hall.opened() as installation:
        return bool(installation.keyring.keys([demand_id(reference)]))


def live(site: Site, lea: AtWork, key: str) -> str:
    """A demand comes in by the API and is lived to its end in the pages."""
    reference: str = site.submit(key).json["reference"]
    assert lea.ask("GET", f"/demandes/{reference}").text.count(CITIZEN["last_name"])
    for action, _, fields in LIFE:
        assert lea.act(reference, action, fields).status == 303, action
    assert CITIZEN["last_name"] not in lea.ask("GET", f"/demandes/{reference}").text
    return reference


@pytest.mark.xdist_group("faults-services")
def test_a_whole_life_over_http_with_letters_over_smtp(hall: Hall, inbox: Inbox, smtp_url: str) -> None:
    with Service(hall, SUIVI_SMTP_URL=smtp_url) as service:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        reference = live(site, lea, "one")
        assert not has_key(hall, reference)
        until(lambda: not queued(hall), PROMISED_S, "both letters have left")
        ready = site.ask("GET", "/health/ready")
        assert (ready.status, ready.json) == (200, {"status": "ok", "reasons": {}})
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    assert [letter.rcpt_tos for letter in inbox.letters] == [[CITIZEN["email"]]] * 2
    names = [fact.name for fact in demands(hall.facts())[reference]]
    assert [name for name in names if name != "MailSent"] == WHOLE_LIFE
    assert names.count("MailSent") == 2
    assert '"level": "error"' not in service.log.read_text()
    verified(hall)


@pytest.fixture
def amqp_url() -> Iterator[str]:
    url = rabbitmq_url()
    drop_queues(url)
    yield url
    drop_queues(url)


def delivered_by_a_worker(hall: Hall, inbox: Inbox, smtp_url: str, url: str) -> None:
    """The service hands nothing to the mail server itself; a worker, behind a broker, does."""
    outside = {"SUIVI_SMTP_URL": smtp_url, "SUIVI_BROKER_URL": url}
    with ExitStack() as running:
        service = running.enter_context(Service(hall, **outside))
        site, lea = Site(service.port), AtWork(service.port, "lea")
        live(site, lea, "one")
        for visitor in (site, lea):
            visitor.leave()
        assert (queued(hall), inbox.letters) == (2, [])
        worker = running.enter_context(WorkerProcess(hall, **outside))
        until(lambda: not queued(hall), PROMISED_S, "both letters have left")
        assert [worker.stop(), service.stop()] == [0, 0]
    assert [letter.rcpt_tos for letter in inbox.letters] == [[CITIZEN["email"]]] * 2
    assert '"outcome": "error"' not in worker.log.read_text()


@small_on_postgres
@pytest.mark.redis
@pytest.mark.xdist_group("faults-services")
def test_a_worker_behind_redis_delivers(hall: Hall, inbox: Inbox, smtp_url: str, redis_url: str) -> None:
    delivered_by_a_worker(hall, inbox, smtp_url, redis_url)


@small_on_sqlite
@pytest.mark.rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_a_worker_behind_rabbitmq_delivers(hall: Hall, inbox: Inbox, smtp_url: str, amqp_url: str) -> None:
    delivered_by_a_worker(hall, inbox, smtp_url, amqp_url)


@small_on_sqlite
@pytest.mark.redis
@pytest.mark.xdist_group("faults-broker")
def test_a_broker_killed_and_emptied_loses_nothing(
    hall: Hall, inbox: Inbox, smtp_url: str, own_redis: OwnRedis, closes: Closing
) -> None:
    """Forms come in while it is away, and letters that were told to it and lost are told again."""
    kills, slowest, forms = count(1, 20), 0.0, 0
    outside = {"SUIVI_SMTP_URL": smtp_url, "SUIVI_BROKER_URL": own_redis.url}
    with Service(hall, **outside) as service, WorkerProcess(hall, **outside) as worker:
        site = Site(service.port)
        for kill in range(kills):
            for number in range(10):
                if number == 3:
                    own_redis.kill(emptied=kill % 2 == 0)
                assert site.submit(f"{kill}-{number}").status == 201
                forms += 1
            own_redis.start()
            slowest = max(slowest, until(lambda: not queued(hall), PROMISED_S, "every letter has left"))
        assert b"zoe@example.org" not in own_redis.files()
        site.leave()
        assert [worker.stop(), service.stop()] == [0, 0]
    assert len({letter.content for letter in inbox.letters}) >= forms
    verified(hall)
    closes(f"P16: {kills} times a broker killed, {forms} letters, 0 missing, the last {slowest:.0f} s after its return")
