"""A town hall for each test, and brokers where there are any."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

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


def broker_url(variable: str, server: str) -> str:
    """The address of a broker to test with; absent means skipped, and on CI means failed."""
    url = os.environ.get(variable, "")
    if not url and os.environ.get("CI") == "true":
        pytest.fail(f"CI needs {server}: set {variable}")
    if not url:
        pytest.skip(f"no {server} here: {variable} is not set")
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
    return broker_url("SUIVI_TEST_AMQP_URL", "RabbitMQ")
