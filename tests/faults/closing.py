"""Each proof closes with one line of counts, shown at the end of the run however quiet it is.

With xdist the process that writes the summary collects no test, so ``tests/conftest.py`` brings the hook in.
"""

import os
from collections.abc import Callable

import pytest

FULL = os.environ.get("SUIVI_FAULTS") == "full"
PROPERTY = "closing line"
Closing = Callable[[str], None]


def count(small: int, full: int) -> int:
    """How often: a little in ``make test``, in full with ``SUIVI_FAULTS=full`` (``make faults``)."""
    return full if FULL else small


def unable(reason: str) -> BaseException:
    """What a proof raises that cannot run here: skipped, and with CI=true failed."""
    return (pytest.fail.Exception if os.environ.get("CI") == "true" else pytest.skip.Exception)(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the closing lines of the proofs that passed."""
    lines = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("promises")
    for line in sorted(lines):
        terminalreporter.write_line(line)
