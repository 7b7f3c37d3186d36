"""The letters that bring reminders, one per agent and run, written once the whole run is recorded.

They are read from the facts by a follower, whose position moves in the transaction that queues them: whoever finishes a
run tells of all that it recorded, also before a clock died in the middle, and nobody tells of it twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.demand import Demand
from domain.longest import Longest
from domain.reminders import Reminder, last_reminder, repeated, waiting
from store.followers import REMINDERS, Place
from workers.occasions import Occasions

_PAGE: Final = 500
_TOPIC: Final = Demand.Reminded.topic
Backlog = Mapping[str, Mapping[str, Longest]]
"""What is late, by agent and kind."""


def tell_reminders(occasions: Occasions, now: datetime) -> int:
    """Queue one letter for each agent who was reminded of anything since the last ones; how many letters."""
    seen = occasions.followers.place(REMINDERS)
    reached, backlog = _read(occasions, seen.position)
    if reached == seen.position:
        return 0
    digests = occasions.digests(occasions.staff())
    notices = [(digests.reminder(agent, late), [seen.position]) for agent, late in backlog.items()]
    letters = occasions.letters(notices, now)
    return len(letters) if occasions.followers.move(REMINDERS, seen, Place(reached, now), letters) else 0


def are_untold(occasions: Occasions, now: datetime) -> bool:
    """Whether a run recorded reminders and ended before its letters; what reminds of nothing is passed over."""
    occasions.followers.join(REMINDERS)
    while True:
        seen = occasions.followers.place(REMINDERS)
        page = occasions.register.notifications(seen.position, _PAGE)
        if not page or any(notification.topic == _TOPIC for notification in page):
            return bool(page)
        occasions.followers.move(REMINDERS, seen, Place(page[-1].id, now), [])


def _read(occasions: Occasions, after: int) -> tuple[int, Backlog]:
    """What the facts after a number remind of, and the number of the last of them."""
    backlog: dict[str, dict[str, Longest]] = {}
    while page := occasions.register.notifications(after, _PAGE):
        for reminder, agents in _reminders(occasions, page):
            for agent in agents:
                backlog.setdefault(agent, defaultdict(Longest))[reminder.kind].add(reminder)
        after = page[-1].id
    return after, backlog


def _reminders(occasions: Occasions, page: Sequence[Notification]) -> Iterator[tuple[Reminder, Sequence[str]]]:
    """One line per demand: all but its last reminder are left out, and so is what does not wait for that any more."""
    recorded = {(UUID(str(one.originator_id)), one.originator_version) for one in page if one.topic == _TOPIC}
    directory, calendar = occasions.still(), occasions.today()
    for identity, facts in occasions.register.histories({identity for identity, _ in recorded}).items():
        one, last = waiting(facts), last_reminder(facts)
        if one is not None and last is not None and (identity, last.originator_version) in recorded:
            reminder = repeated(one, last, directory.definition(one.demand.procedure), calendar)
            if reminder is not None:
                yield reminder, last.agents
