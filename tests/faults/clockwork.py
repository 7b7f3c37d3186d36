"""Workers and clocks in processes of their own, whose time a test moves on: run in a child by ``service.child``."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from projections.overdue import Overdue
from suivi.compose import Installation
from suivi.occasions import occasions_of
from suivi.opening import now
from suivi.serving import worker_parts
from suivi.settings import read_settings
from tests.faults.closing import FULL
from workers import relay
from workers.clock import Clock, letters_of
from workers.reminding import remind
from workers.runtime import Workers, start_workers
from workers.transport import SmtpTransport

BASE = "http://127.0.0.1"
PATIENCE_S = 1.5
POLL_S = 0.1
THREADS = 4
LEASE_OVER_S = 180.0
"""When another worker takes a letter that one had in hand and lost."""
PAGE = 40
"""Reminders recorded together: a run has many pages, and dies between any two of them."""
_redis, _postgres = pytest.mark.redis, pytest.mark.postgres
_small = [
    pytest.param("sqlite", "", id="sqlite-embedded"),
    pytest.param("postgres", "redis", marks=[_postgres, _redis], id="postgres-redis"),
]
_more = [
    pytest.param("sqlite", "redis", marks=_redis, id="sqlite-redis"),
    pytest.param("postgres", "", marks=_postgres, id="postgres-embedded"),
]
at_every_workplace = pytest.mark.parametrize(("stores", "broker"), _small + _more if FULL else _small, indirect=True)
"""``make faults`` proves it on both databases with both brokers, ``make test`` each of them once."""


def deliver_until_killed(environment: Mapping[str, str], port: int, ahead: Any) -> None:
    """A worker with its relay and its clock, which hands letters to this mail server."""
    with Installation.open(read_settings(environment), moved(ahead), secrets.token_bytes) as installation:
        at_work(installation, port)
        Event().wait()


def remind_until_killed(environment: Mapping[str, str], port: int, ahead: Any) -> None:
    """A worker whose clock never rests, and an operator who types « suivi remind » all the time."""
    Overdue.reminders.__defaults__ = (PAGE,)
    with Installation.open(read_settings(environment), moved(ahead), secrets.token_bytes) as installation:
        at_work(installation, port)
        occasions = occasions_of(installation, BASE)
        clock = Clock(letters_of(occasions), installation.leases, installation.clock)
        while True:
            clock.tick()
            remind(occasions, installation.clock())


def at_work(installation: Installation, port: int) -> Workers:
    """The worker of the environment's broker, embedded without one; impatient, so that a proof is short."""
    relay.POLL_S = POLL_S  # type: ignore[misc]  # in this process only
    transport = SmtpTransport(f"smtp://127.0.0.1:{port}", PATIENCE_S)
    embedded = not installation.settings.broker_url
    return start_workers(worker_parts(installation, BASE, transport), embedded=embedded, threads=THREADS)


def moved(ahead: Any) -> Callable[[], datetime]:
    """This machine's clock, some seconds ahead."""
    return lambda: now() + timedelta(seconds=ahead.value)
