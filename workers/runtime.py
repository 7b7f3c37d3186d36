"""Starting and stopping the workers: in the web process, or in processes of their own behind a broker."""

import contextlib
from collections.abc import Sequence
from threading import Event, Thread
from typing import Final

from dramatiq import Broker, Worker
from dramatiq.brokers.stub import StubBroker

from workers.actors import declare
from workers.clock import Clock, Job, jobs_of
from workers.delivery import Deliverer
from workers.operating import Operator
from workers.parts import WorkerParts
from workers.relay import Relay

NAMESPACE: Final = "suivi"
THREADS: Final = 2
IDLE_MS: Final = 100
STOP_S: Final = 3


class UnknownBroker(ValueError):
    """The broker's address is neither ``redis://…`` nor ``amqp://…``; the address itself may hold a password."""

    def __init__(self) -> None:
        super().__init__("SUIVI_BROKER_URL is redis://… or amqp://…, or empty for the embedded broker")


class Workers:
    """The relay, the clock and dramatiq's threads, until ``stop``."""

    def __init__(self, broker: Broker, worker: Worker, relay: Relay, loops: Sequence[Thread], stopping: Event) -> None:
        self._broker, self._worker, self._relay = broker, worker, relay
        self._loops, self._stopping = loops, stopping
        self.operator: Operator | None = None

    def wake(self) -> None:
        """Something was recorded: look at the outbox at once."""
        self._relay.wake.set()

    def stop(self) -> None:
        """Finish the letter in hand, leave the rest to the outbox; within seconds, whatever a mail server does."""
        self._stopping.set()
        self._relay.wake.set()
        if self.operator is not None:
            self.operator.wake.set()
        self._worker.stop(timeout=STOP_S * 1_000)
        for loop in self._loops:
            loop.join(STOP_S)
        with contextlib.suppress(Exception):  # a broker that is away cannot keep the process from ending
            self._broker.close()


def start_workers(
    parts: WorkerParts,
    *,
    embedded: bool = True,
    more: Sequence[Job] = (),
    threads: int = THREADS,
    operator: Operator | None = None,
) -> Workers:
    """Start everything that happens without an agent; ``more`` are further jobs of the clock, such as reminders.

    The operator carries out work on many demands, in a thread of its own.
    """
    broker = StubBroker(middleware=[]) if embedded else broker_of(parts.broker_url)
    deliverer = Deliverer(parts)
    actor = declare(broker, deliverer)
    worker = Worker(broker, worker_threads=threads, worker_timeout=IDLE_MS)
    relay, stopping = Relay(parts.outbox, actor.send, parts.clock), Event()
    clock = Clock([*jobs_of(parts, deliverer), *more], parts.leases, parts.clock)
    loops = [Thread(target=clock.run, args=(stopping,), name="clock", daemon=True)]
    if parts.transport is not None:
        loops.append(Thread(target=relay.run, args=(stopping,), name="relay", daemon=True))
    if operator is not None:
        loops.append(Thread(target=operator.run, args=(stopping,), name="operations", daemon=True))
    worker.start()
    for loop in loops:
        loop.start()
    workers = Workers(broker, worker, relay, loops, stopping)
    workers.operator = operator
    return workers


def broker_of(url: str) -> Broker:
    """The broker of an address, without any middleware: none measures, retries or writes what it should not.

    Redis at dramatiq's defaults parked 20 of 400 jobs for minutes after a kill; with a short heartbeat and maintenance
    at every command, none. RabbitMQ confirms nothing unless asked.
    """
    scheme = url.partition("://")[0]
    if scheme in ("redis", "rediss"):
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415 — an extra, absent from small installations

        options = {"namespace": NAMESPACE, "heartbeat_timeout": 2_000, "maintenance_chance": 1_000_000}
        return RedisBroker(url=url, middleware=[], **options)  # type: ignore[no-untyped-call]  # the library's own
    if scheme in ("amqp", "amqps"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 — an extra, as above

        return RabbitmqBroker(url=url, middleware=[], confirm_delivery=True)
    raise UnknownBroker
