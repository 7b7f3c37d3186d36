"""Where a demand stands: what its facts have made of it so far."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.errors import NotAllowedNow
from domain.facts import Fact, Subject
from domain.letters import AFTER_ERASURE, LAST_WORDS
from domain.sealing import Sealed
from domain.status import Status


class Standing(Subject):
    """The state of a demand; facts set it, commands only read it (class-level fields would make it a dataclass)."""

    def born(self) -> None:
        """An empty demand, before its first fact."""
        super().born()
        self.reference: str
        self.procedure: str
        self.service: str
        self.form_version: int
        self.channel: str
        self.has_email: bool
        self.applicant: Sealed
        self.answers: Sealed
        self.submitted_at: datetime
        self.status = Status.UNTREATED
        self.owner: str | None = None
        self.outcome: str | None = None
        self.taken_at: datetime | None = None
        self.held_since: datetime | None = None
        self.held_seconds = 0.0
        self.closed_at: datetime | None = None
        self.erased_at: datetime | None = None
        self.letters: set[str] = set()
        self.unsent: dict[UUID, str] = {}
        self.failed: set[UUID] = set()
        self.sealed_counts: Counter[str] = Counter()

    def await_letter(self, kind: str, mail_id: UUID) -> None:
        """A letter is to leave, for the first time or once more."""
        self.letters.add(kind)
        self.unsent[mail_id] = kind
        self.failed.discard(mail_id)

    def letters_to_give_up(self) -> dict[UUID, timedelta]:
        """How long the letters that did not leave may still leave once the demand is erased; the last words stay."""
        left = (mail_id for mail_id, kind in self.unsent.items() if kind not in LAST_WORDS)
        return {mail_id: timedelta() if mail_id in self.failed else AFTER_ERASURE for mail_id in left}

    def take_in(self, fact: Fact) -> None:
        """What every fact changes: the status it leads to, what it sealed."""
        super().take_in(fact)
        leads_to = fact.leads_to  # type: ignore[attr-defined]  # every fact here is a Demand.Event
        if leads_to is not None:
            self.status = leads_to
        for field, category in fact.seals.items():
            if getattr(fact, field) is not None:
                self.sealed_counts[category] += 1

    def _add(self, fact: type[Fact], **fields: Any) -> None:
        allowed = fact.comes_from  # type: ignore[attr-defined]  # every fact here is a Demand.Event
        if not self.repeated and self.status not in allowed:
            raise NotAllowedNow(self.reference, fact.__name__, self.status, self.owner)
        super()._add(fact, **fields)
