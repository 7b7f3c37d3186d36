"""A town for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS
from tests.installations import Town


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    found: str = request.param
    return found


@pytest.fixture
def town(tmp_path: Path, kind: str) -> Iterator[Town]:
    town = Town(tmp_path, kind=kind)
    yield town
    town.close()
