"""Waiting for what another process does: asked again and again, with a bound that is a promise or a defect."""

import time
from collections.abc import Callable
from threading import Event

ASK_EVERY_S = 0.05


def until(condition: Callable[[], object], within: float, what: str) -> float:
    """Ask until it is so, and return how long it took; fails when it takes longer than ``within`` seconds."""
    begun, never = time.monotonic(), Event()
    while not condition():
        assert time.monotonic() - begun < within, f"not within {within} s: {what}"
        never.wait(ASK_EVERY_S)
    return time.monotonic() - begun
