"""One hypothesis profile for every test: the same examples each time, and no deadline on a busy machine."""

from hypothesis import settings

from tests.faults.closing import pytest_terminal_summary

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci")

__all__ = ["pytest_terminal_summary"]  # with xdist only this conftest is read by the process that reports
