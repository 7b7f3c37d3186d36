"""The clock: jobs that are scans of what is due, so that a late clock catches up and two clocks do nothing twice."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Final

import msgspec
import structlog

from domain.instants import micros
from store.leases import Leases
from workers import sweep
from workers.delivery import Deliverer
from workers.expiring import expire
from workers.informing import tell_daily, tell_news
from workers.occasions import Occasions
from workers.parts import WorkerParts
from workers.reminding import RUN, run, run_is_due
from workers.telling import are_untold

POLL_S: Final = 2.0
_log: Final = structlog.get_logger()


class Job(msgspec.Struct, frozen=True):
    """Something to do every so often by one process at a time; a process that dies keeps it for ``lease`` at most."""

    name: str
    every: timedelta
    lease: timedelta
    run: Callable[[datetime], object]


class Clock:
    """Runs the jobs that are due; one that fails is tried again when its lease is over and disturbs no other."""

    def __init__(self, jobs: Sequence[Job], leases: Leases, now: Callable[[], datetime]) -> None:
        self._jobs, self._leases, self._now = jobs, leases, now

    def tick(self) -> list[str]:
        """Run what is due now; the names of the jobs that were done."""
        return [job.name for job in self._jobs if self._done(job)]

    def run(self, stopping: Event) -> None:
        """Work until told to stop."""
        while not stopping.is_set():
            self.tick()
            stopping.wait(POLL_S)

    def _done(self, job: Job) -> bool:
        try:
            if not self._leases.take(job.name, self._now(), job.lease, job.every):
                return False
            job.run(self._now())
            self._leases.done(job.name, self._now())
        except Exception as error:  # noqa: BLE001 — the clock outlives a store that is away; texts may be personal
            _log.error("clock", job=job.name, outcome="error", why=type(error).__name__)
            return False
        return True


def letters_of(occasions: Occasions) -> list[Job]:
    """What agents are told without asking, and what is deleted; each scan catches up once for a clock that was late."""
    soon, often, hour, lease = timedelta(seconds=5), timedelta(seconds=30), timedelta(hours=1), timedelta(minutes=5)
    return [
        Job("news", soon, lease, lambda now: tell_news(occasions, now)),
        Job("daily digests", often, lease, lambda now: tell_daily(occasions, now)),
        Job("reminders", often, lease, lambda now: remind_at_hours(occasions, now)),
        Job("expiry", hour, lease, lambda now: expire(occasions, now, warn=False)),
    ]


def remind_at_hours(occasions: Occasions, now: datetime) -> bool:
    """Remind, and warn of deletions, once at each of the town's hours; False when this hour's run was done.

    A run that died before its letters is finished, whoever began it.
    """
    hour = run_is_due(occasions, now)
    if hour is None and not are_untold(occasions, now):
        return False
    deque(run(occasions, now), maxlen=0)
    if hour is not None:
        expire(occasions, now)
        occasions.sweeps.advance(RUN, micros(hour))
    return True


def jobs_of(parts: WorkerParts, deliverer: Deliverer) -> list[Job]:
    """What the town hall's clock does; an erasure cut short by a crash is finished within a minute."""
    soon, minute, hour = timedelta(seconds=15), timedelta(minutes=1), timedelta(hours=1)
    return [
        Job("erasures", soon, soon, lambda now: sweep.finish_erasures(parts, now)),
        Job("letters", soon, soon, lambda now: sweep.finish_letters(parts, now)),
        Job("views", soon, soon, lambda _: parts.catch_up()),
        Job("epoch", minute, 5 * minute, lambda now: sweep.turn_epoch(parts, now)),
        Job("late letters", minute, 5 * minute, lambda now: sweep.expire_letters(parts, deliverer, now)),
        Job("unused keys", hour, 10 * minute, lambda now: sweep.discard_unused(parts, now)),
    ]
