"""A town hall for each test, and brokers where there are any."""

import os
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.databases import KINDS, emptied_database
from tests.workers.brokers import OwnRedis
from tests.workers.town import KeepingTransport, Town


@pytest.fixture
def transport() -> KeepingTransport:
    return KeepingTransport()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    found: str = request.param
    return found


@pytest.fixture
def town(tmp_path: Path, transport: KeepingTransport, kind: str) -> Iterator[Town]:
    with emptied_database() if kind == "postgres" else nullcontext("") as server:
        town = Town(tmp_path, transport, server)
        yield town
        town.shut()


def rabbitmq_url() -> str:
    """The RabbitMQ to test with, the usual local one unless another is named; absent means skipped, on CI failed."""
    url = os.environ.get("SUIVI_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672")
    named = urlsplit(url)
    try:
        socket.create_connection((named.hostname, named.port or 5672), timeout=5).close()
    except OSError as error:
        reason = f"no RabbitMQ server for tests (SUIVI_TEST_AMQP_URL): {type(error).__name__}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis server of the test's own."""
    directory = tmp_path / "redis"
    directory.mkdir()
    with OwnRedis(directory) as server:
        yield server


@pytest.fixture(params=["embedded", pytest.param("redis", marks=pytest.mark.redis)])
def broker(request: pytest.FixtureRequest) -> str:
    """The address of a broker; empty for the one inside the process."""
    return request.getfixturevalue("own_redis").url if request.param == "redis" else ""


@pytest.fixture
def amqp_url() -> str:
    return rabbitmq_url()
