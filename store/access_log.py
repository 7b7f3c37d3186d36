"""Who looked at which demand's content, and when: kept twelve months, without personal data of citizens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Engine, bindparam, delete, insert, select

from domain.instants import instant, micros
from store.accounts import access_log
from store.transactions import writing

KEPT_FOR: Final = timedelta(days=366)
_of: Final = select(access_log).where(access_log.c.reference == bindparam("demand")).order_by(access_log.c.number)
_purge: Final = delete(access_log).where(access_log.c.at < bindparam("before"))


class Access(msgspec.Struct, frozen=True):
    """One look at one demand."""

    agent: str
    reference: str
    page: str
    at: datetime


class AccessLog:
    """One row per view of content."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, agent: str, reference: str, page: str, now: datetime) -> None:
        """Note that an agent looked."""
        self.note_each(agent, [reference], page, now)

    def note_each(self, agent: str, references: Sequence[str], page: str, now: datetime) -> None:
        """Note that an agent looked at several demands at once."""
        seen = {"at": micros(now), "agent": agent, "page": page}
        if references:
            with writing(self._engine) as connection:
                connection.execute(insert(access_log), [seen | {"reference": one} for one in references])

    def of(self, reference: str) -> list[Access]:
        """Who looked at one demand, in order."""
        with self._engine.connect() as connection:
            rows = connection.execute(_of, {"demand": reference}).all()
        return [Access(row.agent, row.reference, row.page, instant(row.at)) for row in rows]

    def purge(self, before: datetime) -> int:
        """Forget what is older than an instant; how many rows went."""
        with writing(self._engine) as connection:
            return connection.execute(_purge, {"before": micros(before)}).rowcount
