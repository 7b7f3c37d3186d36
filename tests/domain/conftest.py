"""The small town hall of these tests."""

import pytest

from tests.domain.town import Town


@pytest.fixture
def town() -> Town:
    """A town hall in memory."""
    return Town()
