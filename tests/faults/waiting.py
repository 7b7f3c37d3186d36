"""Waiting for what another process does: asked again and again, with a bound that is a promise or a defect."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

ASK_EVERY_S = 0.05
PROMISED_S = 60


def until(condition: Callable[[], object], within: float, what: str) -> float:
    """Ask until it is so, and return how long it took; fails when it takes longer than ``within`` seconds."""
    begun, never = time.monotonic(), Event()
    while not condition():
        assert time.monotonic() - begun < within, f"not within {within} s: {what}"
        never.wait(ASK_EVERY_S)
    return time.monotonic() - begun


def is_stopped(pid: int) -> bool:
    """Whether every thread of a process stands still: one may still finish what it asked of the system."""
    states = (path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat"))
    return set(states) == {"T"}
