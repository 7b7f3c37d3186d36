"""Which job of the clock runs next: any number of clocks may ask, one of them gets it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, bindparam, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from domain.instants import micros
from store.accounts import leases
from store.transactions import writing

_take: Final = (
    update(leases)
    .where(
        leases.c.job == bindparam("name"),
        leases.c.leased_until <= bindparam("now"),
        or_(leases.c.done_at.is_(None), leases.c.done_at <= bindparam("due")),
    )
    .values(leased_until=bindparam("until"))
)
_done: Final = update(leases).where(leases.c.job == bindparam("name")).values(done_at=bindparam("now"), leased_until=0)


class Leases:
    """A clock that dies loses its lease after a while, and another one runs the job."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, job: str, now: datetime, lease: timedelta, every: timedelta) -> bool:
        """Whether the job is due and this caller got it, for the time of the lease."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        first = dialect.insert(leases).values(job=job, done_at=None, leased_until=0).on_conflict_do_nothing()
        instants = {"now": micros(now), "due": micros(now - every), "until": micros(now + lease)}
        with writing(self._engine) as connection:
            connection.execute(first)
            return connection.execute(_take, {"name": job, **instants}).rowcount == 1

    def done(self, job: str, now: datetime) -> None:
        """The job ran; it is due again when its time has passed."""
        with writing(self._engine) as connection:
            connection.execute(_done, {"name": job, "now": micros(now)})
