"""What somebody saw on a page before he changed it: nothing is saved over what he did not see."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.errors import ChangedSince
from domain.facts import Fact


class Shown(msgspec.Struct, frozen=True):
    """What a page showed of a subject: the version it had, and which of its parts (a field of its facts)."""

    version: int
    part: str

    def require_unchanged(self, facts: Sequence[Fact]) -> None:
        """Raise ChangedSince when the part differs now from what it was; what was changed and put back does not."""
        later = [fact for fact in facts if fact.originator_version > self.version and hasattr(fact, self.part)]
        if not later:
            return
        earlier = [fact for fact in facts if fact.originator_version <= self.version and hasattr(fact, self.part)]
        before, now = getattr(earlier[-1], self.part) if earlier else None, getattr(later[-1], self.part)
        if before != now:
            raise ChangedSince(later[-1].actor, _differing(before, now))


def _differing(before: Any, now: Any) -> tuple[str, ...]:
    return tuple(
        name for name in now.__struct_fields__ if before is None or getattr(before, name) != getattr(now, name)
    )
