"""What somebody saw on a page before he changed it: nothing is saved over what he did not see."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from domain.errors import ChangedSince
from domain.facts import Fact
from domain.townhall import Townhall


class Shown(msgspec.Struct, frozen=True):
    """What a page showed of a subject: the version it had, and which of its parts.

    ``part`` names it: a field of the facts, unless ``told`` reads it there (UNSET where a fact says nothing of it).
    """

    version: int
    part: str
    told: Callable[[Fact], Any] | None = None

    def require_unchanged(self, facts: Sequence[Fact]) -> None:
        """Raise ChangedSince when the part differs now from what it was; what was changed and put back does not."""
        tellers = [fact for fact in facts if self._value(fact) is not UNSET]
        later = [fact for fact in tellers if fact.originator_version > self.version]
        if not later:
            return
        earlier = tellers[: len(tellers) - len(later)]
        before, now = self._value(earlier[-1]) if earlier else None, self._value(later[-1])
        if before != now:
            raise ChangedSince(later[-1].actor, self._differing(before, now), before)

    def _value(self, fact: Fact) -> Any:
        return getattr(fact, self.part, UNSET) if self.told is None else self.told(fact)

    def _differing(self, before: Any, now: Any) -> tuple[str, ...]:
        if not isinstance(now, msgspec.Struct):
            return (self.part,)
        names = now.__struct_fields__
        return tuple(name for name in names if before is None or getattr(before, name) != getattr(now, name))


def contact_shown(version: int, service: str) -> Shown:
    """How citizens reach one service."""

    def told(fact: Fact) -> Any:
        return fact.contact if isinstance(fact, Townhall.ServiceSet) and fact.service == service else UNSET

    return Shown(version, "contact", told)


def term_shown(version: int, vocabulary: str, code: str) -> Shown:
    """The label of one code, None once it is withdrawn."""

    def told(fact: Fact) -> Any:
        if isinstance(fact, Townhall.TermWithdrawn):
            return None if (fact.vocabulary, fact.code) == (vocabulary, code) else UNSET
        if not isinstance(fact, Townhall.TermsAdded) or fact.vocabulary != vocabulary:
            return UNSET
        return {term.code: term.label for term in fact.terms}.get(code, UNSET)

    return Shown(version, "term", told)
