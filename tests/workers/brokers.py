"""Brokers that lose everything: a Redis server of the test's own, which may be killed, and RabbitMQ's queues."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import pika
import pytest
import redis

from tests.faults.waiting import until
from tests.workers.smtp import HOST, free_port
from workers.actors import QUEUE

STARTS_WITHIN_S = 20


class OwnRedis:
    """``redis-server`` on a free port, with its data in a directory of the test."""

    def __init__(self, directory: Path) -> None:
        found = shutil.which("redis-server")
        if found is None and os.environ.get("CI") == "true":
            pytest.fail("CI needs redis-server (apt-get install redis-server)")
        if found is None:
            pytest.skip("redis-server is not installed here")
        self._program, self._directory, self.port = found, directory, free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, with whatever its directory holds, and wait until it answers."""
        words = ["--bind", HOST, "--port", str(self.port), "--dir", str(self._directory), "--appendonly", "yes"]
        self._process = subprocess.Popen([self._program, *words, "--loglevel", "warning"], stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            until(lambda: answers(client), STARTS_WITHIN_S, "redis-server answers")

    def kill(self, *, emptied: bool = False) -> None:
        """Die at once; ``emptied`` also removes what it had on the disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None
        if emptied:
            shutil.rmtree(self._directory)
            self._directory.mkdir()

    def files(self) -> bytes:
        """Everything it keeps on the disk."""
        with redis.Redis.from_url(self.url) as client:
            client.save()
        return b"".join(path.read_bytes() for path in self._directory.rglob("*") if path.is_file())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def answers(client: "redis.Redis") -> bool:
    """Whether the server is there."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def drop_queues(amqp_url: str) -> None:
    """The broker loses everything it holds for us."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    for queue in (QUEUE, f"{QUEUE}.DQ", f"{QUEUE}.XQ"):
        channel.queue_delete(queue)
    connection.close()
