"""Growing delays after failures, per account and per source; never a lock, so nobody can lock out a colleague."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, bindparam, case, delete, select

from domain.instants import instant, micros
from store.accounts import hashed, throttles
from store.transactions import insert_into, writing

WINDOW: Final = timedelta(minutes=15)
FREE_FAILURES: Final = 5
LONGEST_WAIT_S: Final = 60.0
_MOST_DOUBLINGS: Final = 6
_find: Final = select(throttles.c.failures, throttles.c.last_at).where(throttles.c.key_hash == bindparam("key"))
_clear: Final = delete(throttles).where(throttles.c.key_hash == bindparam("key"))
_forget: Final = delete(throttles).where(throttles.c.last_at < bindparam("before"))


class Throttles:
    """Keys are kept hashed: what somebody typed as a code may have been a password."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wait(self, key: str, now: datetime, free: int = FREE_FAILURES) -> float:
        """Seconds to wait before the next try; none before the ``free``-th failure within 15 minutes."""
        with self._engine.connect() as connection:
            row = connection.execute(_find, {"key": hashed(key)}).one_or_none()
        if row is None or row.failures < free or now - instant(row.last_at) >= WINDOW:
            return 0.0
        delay: float = min(LONGEST_WAIT_S, 2.0 ** min(row.failures - free, _MOST_DOUBLINGS))
        passed = max(0.0, (now - instant(row.last_at)).total_seconds())
        return max(0.0, delay - passed)

    def failed(self, key: str, now: datetime) -> None:
        """Count one failure; after 15 quiet minutes counting begins anew."""
        before = micros(now - WINDOW)
        again = case((throttles.c.last_at <= before, 1), else_=throttles.c.failures + 1)
        with writing(self._engine) as connection:
            connection.execute(_forget, {"before": before})
            put = insert_into(connection, throttles).values(key_hash=hashed(key), failures=1, last_at=micros(now))
            connection.execute(
                put.on_conflict_do_update(
                    index_elements=[throttles.c.key_hash], set_={"failures": again, "last_at": micros(now)}
                )
            )

    def cleared(self, key: str) -> None:
        """Forget the failures of a key: somebody proved who he is."""
        with writing(self._engine) as connection:
            connection.execute(_clear, {"key": hashed(key)})
