"""A furnished town hall for each proof, a mail server, and the line of counts that closes it."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.databases import KINDS, addresses, create_database
from tests.faults.closing import FULL, PROPERTY, Closing
from tests.faults.hall import Hall, copied, furnish
from tests.faults.racing import Pair
from tests.faults.service import Service
from tests.faults.visitors import PRESENT, AtWork, Site
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import Inbox, mail_server

FULL_TIMEOUT_S = 3_600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In full, proofs take as long as they must."""
    if FULL:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(FULL_TIMEOUT_S))


@pytest.fixture
def closes(record_property: Any, stores: str) -> Closing:
    """Say what was proved, with counts; the run ends with these lines."""

    def line(text: str) -> None:
        record_property(PROPERTY, text if stores == "sqlite" else f"{text} ({stores})")

    return line


@pytest.fixture(params=KINDS)
def stores(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Hall]:
    """The town hall that the proofs copy, furnished once for each kind of database."""

    @cache
    def made(kind: str) -> Hall:
        directory = tmp_path_factory.mktemp("furnished") / "var"
        found = addresses(create_database()) if kind == "postgres" else {}
        hall = Hall(directory, {"SUIVI_DATA_DIR": str(directory)} | found)
        furnish(hall.environment)
        return hall

    return made


@pytest.fixture
def hall(tmp_path: Path, stores: str, furnished: Callable[[str], Hall]) -> Iterator[Hall]:
    with copied(furnished(stores), tmp_path / "var") as hall:
        yield hall


@pytest.fixture
def pair(hall: Hall) -> Iterator[Pair]:
    with Service(hall) as one, Service(hall) as other:
        visitors = AtWork(one.port, "lea"), AtWork(other.port, "max"), Site(one.port)
        yield Pair(*visitors)
        for visitor in visitors:
            visitor.leave()
        assert [one.stop(), other.stop()] == [0, 0]


@pytest.fixture(autouse=True)
def visitors_leave() -> Iterator[None]:
    """A proof that fails leaves no connection to fail the next one."""
    yield
    for visitor in list(PRESENT):
        visitor.leave()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_url(inbox: Inbox) -> Iterator[str]:
    """A real mail server that takes every letter."""
    with mail_server(inbox) as port:
        yield f"smtp://127.0.0.1:{port}"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis server of the proof's own."""
    directory = tmp_path / "redis"
    directory.mkdir()
    with OwnRedis(directory) as server:
        yield server


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> OwnRedis | None:
    """The broker of a parametrised proof; None for the one inside the workers."""
    return request.getfixturevalue("own_redis") if request.param else None  # type: ignore[no-any-return]  # untyped


@pytest.fixture
def redis_url(own_redis: OwnRedis) -> str:
    return own_redis.url
