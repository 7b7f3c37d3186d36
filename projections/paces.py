"""What decides when agents are reminded next, in whole microseconds, by the rules of ``domain.reminders.Rhythm``."""

from typing import Final

import msgspec

from domain.delays import Delays
from domain.timetable import Timetable
from projections.days import Days


class Terms(msgspec.Struct, frozen=True):
    """A procedure's delays, and its own period of reminders, if it has one."""

    delays: Delays
    every_days: int | None


class Town(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the town decides about its days: the holidays it keeps, how often and at which hours agents are reminded."""

    alsace_moselle: bool = False
    every_days: int = 7
    times: Timetable = Timetable()

    def written(self) -> str:
        """As it is kept beside the position."""
        return _written(self).decode()


_written: Final = msgspec.json.Encoder().encode
town_of: Final = msgspec.json.Decoder(Town).decode
"""From what is kept beside the position."""


def next_reminder(days: Days, times: Timetable, every: int, due: int, last: int | None) -> int:
    """The first reminder of a demand due at an instant that comes after the last one recorded."""
    if last is None:
        return days.first_from(due, times)
    number = max((days.number(last) - days.number(due)) // every - 1, 0)
    while (found := days.first_from(days.add(due, number * every, working=False), times)) <= last:
        number += 1
    return found
