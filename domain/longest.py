"""The demands of one letter, of which only those late for longest are named, so that no letter outgrows its reader."""

from bisect import insort
from datetime import datetime

from domain.notices import MOST_LINES
from domain.reminders import Reminder


class Longest:
    """Demands that wait too long: the first ones ``shown``, how many there are in all, and the ``owners`` of all."""

    def __init__(self) -> None:
        self.number, self.shown, self.owners = 0, list[Reminder](), set[str | None]()

    def add(self, reminder: Reminder) -> None:
        """One more, which is named unless enough others are late for longer."""
        self.number += 1
        self.owners.add(reminder.owner)
        insort(self.shown, reminder, key=_since)
        del self.shown[MOST_LINES:]

    @property
    def unnamed(self) -> int:
        """How many are not named."""
        return self.number - len(self.shown)


def _since(reminder: Reminder) -> tuple[datetime, str]:
    return reminder.due_at, reminder.reference
