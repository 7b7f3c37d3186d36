"""One hypothesis profile for every test: the same examples each time, and no deadline on a busy machine."""

from hypothesis import settings

from tests.databases import pytest_sessionfinish
from tests.faults.closing import pytest_terminal_summary

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci")

# With xdist only this conftest is read by the process that reports.
__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]
