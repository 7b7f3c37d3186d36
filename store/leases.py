"""Which job of the clock runs next: any number of clocks may ask, one of them gets it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, bindparam, or_, update

from domain.instants import micros
from store.accounts import leases
from store.transactions import insert_into, writing

_take: Final = (
    update(leases)
    .where(
        leases.c.job == bindparam("name"),
        or_(leases.c.leased_until <= bindparam("now"), leases.c.leased_until > bindparam("lease_ahead")),
        or_(
            leases.c.done_at.is_(None),
            leases.c.done_at <= bindparam("due"),
            leases.c.done_at > bindparam("done_ahead"),
        ),
    )
    .values(leased_until=bindparam("until"))
)
_done: Final = update(leases).where(leases.c.job == bindparam("name")).values(done_at=bindparam("now"), leased_until=0)


class Leases:
    """A clock that dies loses its lease after a while, and another one runs the job."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, job: str, now: datetime, lease: timedelta, every: timedelta) -> bool:
        """Whether the job is due and this caller got it, for the time of the lease.

        What lies further ahead than clocks may disagree was written before a clock stepped back: it counts as past.
        """
        instants = {"now": micros(now), "due": micros(now - every), "until": micros(now + lease)}
        instants |= {"lease_ahead": micros(now + 2 * lease), "done_ahead": micros(now + every)}
        with writing(self._engine) as connection:
            first = insert_into(connection, leases).values(job=job, done_at=None, leased_until=0)
            connection.execute(first.on_conflict_do_nothing())
            return connection.execute(_take, {"name": job, **instants}).rowcount == 1

    def done(self, job: str, now: datetime) -> None:
        """The job ran; it is due again when its time has passed."""
        with writing(self._engine) as connection:
            connection.execute(_done, {"name": job, "now": micros(now)})
