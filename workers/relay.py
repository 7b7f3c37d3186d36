"""The relay: tells the broker which letters are due. The outbox is the truth; a lost message is sent again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from uuid import UUID

import structlog

from store.outbox import Outbox

POLL_S: Final = 2.0
AGAIN_AFTER: Final = timedelta(seconds=30)
WINDOW: Final = 200
_log: Final = structlog.get_logger()


class Relay:
    """Keeps the longest waiting letters in front of the workers, and tells of each again only after a while."""

    def __init__(self, outbox: Outbox, send: Callable[[str], object], clock: Callable[[], datetime]) -> None:
        self._outbox, self._send, self._clock = outbox, send, clock
        self._told: dict[UUID, datetime] = {}
        self.wake = Event()

    def turn(self) -> int:
        """Tell the broker what is due now and was not told lately; how many."""
        now = self._clock()
        due = self._outbox.due(now, WINDOW)
        self._told = {mail: at for mail in due if (at := self._told.get(mail)) and at <= now < at + AGAIN_AFTER}
        for mail_id in (new := [mail for mail in due if mail not in self._told]):
            self._send(str(mail_id))
            self._told[mail_id] = now
        return len(new)

    def run(self, stopping: Event) -> None:
        """Work until told to stop: at once when woken, else every few seconds; a broker that is away is tried again."""
        while not stopping.is_set():
            self.wake.clear()
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 — the loop outlives a broker or a store that is away
                _log.error("relay", outcome="error", why=type(error).__name__)
            self.wake.wait(POLL_S)
