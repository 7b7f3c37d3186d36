"""A town hall for each test, and brokers where there are any."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.town import KeepingTransport, Town


@pytest.fixture
def transport() -> KeepingTransport:
    return KeepingTransport()


@pytest.fixture
def town(tmp_path: Path, transport: KeepingTransport) -> Iterator[Town]:
    town = Town(tmp_path, transport)
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
def redis_url() -> str:
    return broker_url("SUIVI_TEST_REDIS_URL", "Redis")


@pytest.fixture
def amqp_url() -> str:
    return broker_url("SUIVI_TEST_AMQP_URL", "RabbitMQ")
