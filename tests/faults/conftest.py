"""A furnished town hall for each proof, a mail server, and the line of counts that closes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.closing import FULL, PROPERTY, Closing
from tests.faults.hall import Hall, furnish, make_hall
from tests.faults.stores import STORES
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


@pytest.fixture(params=STORES)
def stores(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("furnished") / "var"
    furnish({"SUIVI_DATA_DIR": str(directory)})
    return directory


@pytest.fixture
def hall(tmp_path: Path, stores: str, furnished: Path) -> Hall:
    return make_hall(tmp_path / "var", stores, furnished)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_url(inbox: Inbox) -> Iterator[str]:
    """A real mail server that takes every letter."""
    with mail_server(inbox) as port:
        yield f"smtp://127.0.0.1:{port}"
