"""Growing delays after failures, per account, source and browser: never a lock, so nobody locks out a colleague."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, select, update

from domain.instants import instant, micros
from store.accounts import hashed, throttles
from store.transactions import insert_into, writing

WINDOW: Final = timedelta(minutes=15)
FREE_FAILURES: Final = 5
LONGEST_WAIT_S: Final = 60.0
_MOST_DOUBLINGS: Final = 6
_THIS: Final = throttles.c.key_hash == bindparam("key")
_forget: Final = delete(throttles).where(throttles.c.last_at <= bindparam("before"))
_count: Final = update(throttles).where(_THIS).values(failures=throttles.c.failures + 1, last_at=bindparam("now"))
_take_back: Final = update(throttles).where(_THIS, throttles.c.failures > 0).values(failures=throttles.c.failures - 1)
_clear: Final = delete(throttles).where(_THIS)
_counted: Final = select(throttles.c.key_hash, throttles.c.last_at).where(
    throttles.c.key_hash.in_(bindparam("keys", expanding=True)),
    throttles.c.failures > 0,
    throttles.c.last_at > bindparam("after"),
)
_CHUNK: Final = 500


def link_asked(code: str) -> str:
    """The key under which links asked for by mail are counted, known code or not; what is counted there is answered."""
    return f"link:{code}"


class Throttles:
    """Keys are kept hashed: what somebody typed as a code may have been a password."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def attempt(self, limits: Mapping[str, int], now: datetime) -> float:
        """Seconds to wait before a try; 0.0 when it may happen now, and it is then counted under each key.

        ``limits`` maps each key to the failures within 15 minutes that cost no delay. Looking and counting are one
        transaction: of many tries at one instant no more pass than of as many in a row. A try is a failure until
        ``cleared`` or ``taken_back`` says otherwise; after 15 quiet minutes counting begins anew.
        """
        frees = {hashed(key): free for key, free in limits.items()}
        with writing(self._engine) as connection:
            connection.execute(_forget, {"before": micros(now - WINDOW)})
            wait = max(_wait(*_locked(connection, key, now), free, now) for key, free in sorted(frees.items()))
            if not wait:
                for key in frees:
                    connection.execute(_count, {"key": key, "now": micros(now)})
        return wait

    def taken_back(self, key: str) -> None:
        """One try under this key was no failure; the others stay counted."""
        with writing(self._engine) as connection:
            connection.execute(_take_back, {"key": hashed(key)})

    def cleared(self, key: str) -> None:
        """Forget the failures of a key: somebody proved who he is."""
        with writing(self._engine) as connection:
            connection.execute(_clear, {"key": hashed(key)})

    def counted(self, keys: Iterable[str], after: datetime) -> Iterator[tuple[str, datetime]]:
        """Which of these keys a try was counted under after an instant, each with the last one's."""
        known = {hashed(key): key for key in keys}
        hashes = list(known)
        with self._engine.connect() as connection:
            for start in range(0, len(hashes), _CHUNK):
                asked = {"keys": hashes[start : start + _CHUNK], "after": micros(after)}
                yield from ((known[key], instant(at)) for key, at in connection.execute(_counted, asked))


def _locked(connection: Connection, key: bytes, now: datetime) -> tuple[int, int]:
    """What is counted under a key, which nobody else counts under until this transaction ends."""
    put = insert_into(connection, throttles).values(key_hash=key, failures=0, last_at=micros(now))
    kept = put.on_conflict_do_update(
        index_elements=[throttles.c.key_hash], set_={"failures": throttles.c.failures}
    ).returning(throttles.c.failures, throttles.c.last_at)
    failures, last_at = connection.execute(kept).one()
    return failures, last_at


def _wait(failures: int, last_at: int, free: int, now: datetime) -> float:
    if failures < free:
        return 0.0
    delay: float = min(LONGEST_WAIT_S, 2.0 ** min(failures - free, _MOST_DOUBLINGS))
    passed = max(0.0, (now - instant(last_at)).total_seconds())
    return max(0.0, delay - passed)
