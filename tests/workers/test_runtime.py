"""The broker is only a wake-up: embedded, Redis or RabbitMQ, emptied or away, every letter leaves (P16, P17)."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from dramatiq.brokers.stub import StubBroker

from tests.faults.waiting import PROMISED_S, until
from tests.workers.brokers import OwnRedis, drop_queues
from tests.workers.town import MARIE, KeepingTransport, Town
from workers import relay as relaying
from workers.actors import declare
from workers.delivery import Deliverer
from workers.relay import AGAIN_AFTER, Relay
from workers.runtime import UnknownBroker, Workers, broker_of, start_workers


@contextmanager
def running(town: Town, **options: Any) -> Iterator[Workers]:
    broker_url = options.pop("broker_url", "")
    workers = start_workers(town.parts(broker_url=broker_url), embedded=not broker_url, **options)
    town.saved = workers.wake
    try:
        yield workers
    finally:
        workers.stop()


def test_a_letter_leaves_as_soon_as_it_is_decided(
    town: Town, transport: KeepingTransport, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", 3_600)
    with running(town, broker_url=broker):
        for number in range(1, 21):
            town.submit(MARIE)
            assert transport.wait_for(number)
    assert len({message["Message-ID"] for message in transport.sent}) == 20
    assert town.outbox.counts() == {"sent": 20}


def test_letters_that_waited_before_the_start_leave(town: Town, transport: KeepingTransport, broker: str) -> None:
    for _ in range(30):
        town.submit(MARIE)
    with running(town, broker_url=broker):
        assert transport.wait_for(30)
    assert town.outbox.counts() == {"sent": 30}


def test_without_a_mail_server_nothing_is_claimed(town: Town, broker: str) -> None:
    letter = town.letter_of(town.submit(MARIE))
    town.transport = None
    with running(town, broker_url=broker):
        pass
    assert town.outbox.due(town.clock(), 10) == [letter]
    assert town.outbox.latest(1)[0].attempts == 0


def test_stopping_waits_for_no_mail_server(town: Town) -> None:
    reached, over = Event(), Event()

    class Stuck:
        def send(self, _message: object) -> None:
            reached.set()
            over.wait(30)

    town.transport = Stuck()
    town.submit(MARIE)
    workers = start_workers(town.parts())
    assert reached.wait(20)
    begun = time.monotonic()
    workers.stop()
    assert time.monotonic() - begun < 10
    over.set()
    for thread in workers._worker.workers:
        thread.join(20)


def test_the_relay_tells_of_a_letter_again_only_after_a_while(town: Town) -> None:
    told: list[str] = []
    letters = {str(town.letter_of(town.submit(MARIE))) for _ in range(3)}
    relay = Relay(town.outbox, told.append, town.clock)
    assert [relay.turn(), relay.turn()] == [3, 0]
    assert set(told) == letters
    town.clock.move(seconds=AGAIN_AFTER.total_seconds())
    assert relay.turn() == 3
    Deliverer(town.parts()).deliver(UUID(told[0]))
    town.clock.move(seconds=AGAIN_AFTER.total_seconds())
    assert relay.turn() == 2


def test_the_relay_keeps_few_letters_in_front_of_the_workers(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "WINDOW", 2)
    told: list[str] = []
    for _ in range(5):
        town.submit(MARIE)
        town.clock.move(seconds=1)
    relay, deliverer = Relay(town.outbox, told.append, town.clock), Deliverer(town.parts())
    assert [relay.turn(), relay.turn()] == [2, 0]
    deliverer.deliver(UUID(told[0]))
    assert [relay.turn(), relay.turn()] == [1, 0]


def test_the_relay_outlives_a_broker_that_is_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "POLL_S", 0.01)
    asked: list[str] = []
    third, stopping = Event(), Event()

    def send(mail_id: str) -> None:
        asked.append(mail_id)
        if len(asked) < 3:
            raise ConnectionError
        third.set()

    letter = town.letter_of(town.submit(MARIE))
    relay = Relay(town.outbox, send, town.clock)
    thread = Thread(target=relay.run, args=(stopping,))
    thread.start()
    assert third.wait(20)
    stopping.set()
    relay.wake.set()
    thread.join(20)
    assert asked[:3] == [str(letter)] * 3


def test_a_message_carries_one_opaque_id_and_an_error_leaves_no_trace(
    town: Town, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError(MARIE)

    monkeypatch.setattr(Deliverer, "deliver", explode)
    broker = StubBroker(middleware=[])
    actor = declare(broker, Deliverer(town.parts()))
    mail_id = str(uuid4())
    message = actor.send(mail_id)
    assert (message.args, message.kwargs, message.options) == ((mail_id,), {}, {})
    with caplog.at_level(logging.DEBUG):
        actor(mail_id)
    captured = capsys.readouterr()
    assert MARIE not in caplog.text + captured.out + captured.err
    broker.close()


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "localhost:6379"])
def test_another_broker_is_refused(url: str) -> None:
    with pytest.raises(UnknownBroker):
        broker_of(url)


@pytest.mark.redis
def test_redis_may_be_killed_and_emptied_at_any_time(
    town: Town, transport: KeepingTransport, own_redis: OwnRedis
) -> None:
    letters = 40
    with running(town, broker_url=own_redis.url):
        for number in range(1, letters + 1):
            town.submit(MARIE)
            if number % 10 == 5:
                own_redis.kill(emptied=number % 20 == 5)
            if number % 10 == 0:
                own_redis.start()
        until(lambda: told_again(town, transport, letters), PROMISED_S, "every letter has left")
        assert MARIE.encode() not in own_redis.files()
    assert len({message["Message-ID"] for message in transport.sent}) == letters
    assert town.outbox.counts() == {"sent": letters}


@pytest.mark.redis
def test_a_broker_that_is_away_at_the_start_is_waited_for(
    town: Town, transport: KeepingTransport, own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "POLL_S", 0.1)
    town.submit(MARIE)
    own_redis.kill(emptied=True)
    with running(town, broker_url=own_redis.url):
        town.submit(MARIE)
        assert transport.sent == []
        own_redis.start()
        until(lambda: told_again(town, transport, 2), PROMISED_S, "both letters have left")
    assert town.outbox.counts() == {"sent": 2}


def told_again(town: Town, transport: KeepingTransport, letters: int) -> bool:
    """Whether so many letters have left; if not, the time passes after which the relay tells of them again."""
    left = transport.wait_for(letters, timeout=1)
    if not left:
        town.clock.move(seconds=AGAIN_AFTER.total_seconds())
    return left


@pytest.mark.rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_rabbitmq_wakes_the_workers_and_may_lose_its_queues(
    town: Town, transport: KeepingTransport, amqp_url: str
) -> None:
    drop_queues(amqp_url)
    try:
        with running(town, broker_url=amqp_url):
            for _ in range(5):
                town.submit(MARIE)
            assert transport.wait_for(5)
            drop_queues(amqp_url)
            for _ in range(5):
                town.submit(MARIE)
            until(lambda: told_again(town, transport, 10), PROMISED_S, "every letter has left")
    finally:
        drop_queues(amqp_url)
    assert town.outbox.counts() == {"sent": 10}
