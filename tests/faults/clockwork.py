"""Workers and clocks in processes of their own, whose time a test moves on: run in a child by ``service.child``."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from suivi.compose import Installation
from suivi.occasions import occasions_of
from suivi.opening import now
from suivi.serving import worker_parts
from suivi.settings import read_settings
from workers.clock import Clock, letters_of
from workers.reminding import remind
from workers.runtime import start_workers
from workers.transport import SmtpTransport

BASE = "http://127.0.0.1"
PATIENCE_S = 2.0


def deliver_until_killed(environment: Mapping[str, str], port: int, ahead: Any) -> None:
    """The embedded worker, with its relay and its clock."""
    with Installation.open(read_settings(environment), moved(ahead), secrets.token_bytes) as installation:
        transport = SmtpTransport(f"smtp://127.0.0.1:{port}", PATIENCE_S)
        start_workers(worker_parts(installation, BASE, transport))
        Event().wait()


def remind_until_killed(environment: Mapping[str, str], ahead: Any) -> None:
    """A clock that never rests, and an operator who types « suivi remind » all the time."""
    with Installation.open(read_settings(environment), moved(ahead), secrets.token_bytes) as installation:
        occasions = occasions_of(installation, BASE)
        clock = Clock(letters_of(occasions), installation.leases, installation.clock)
        while True:
            clock.tick()
            remind(occasions, installation.clock())


def moved(ahead: Any) -> Callable[[], datetime]:
    """This machine's clock, some seconds ahead."""
    return lambda: now() + timedelta(seconds=ahead.value)
