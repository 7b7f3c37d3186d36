"""Letters waiting for the mail server: the row is the truth, a broker is only a wake-up.

A row is ``queued`` (leased or not), then ``sent`` or ``failed``. The letter is sealed under a key of its own, which is
destroyed when the letter is sent or its time is over; a failed one is kept until then, so that it can be sent again.
Instants are whole microseconds (``domain.instants``).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import Engine, Row, bindparam, func, or_, select, update

from domain.instants import instant, maybe_instant, micros
from domain.ports import Outgoing
from store.outbox_lists import Wanted, newest, up_to
from store.outbox_rows import KEPT, NEW_COLUMNS, QUEUED, create_tables, new_row, outbox, put
from store.transactions import writing

LONGEST_LEASE: Final = timedelta(minutes=10)
_free: Final = or_(outbox.c.leased_until <= bindparam("now"), outbox.c.leased_until > bindparam("ahead"))
"""Nobody has the letter: no lease, one that is over, or one taken before a clock stepped back."""
_due: Final = (
    select(outbox.c.mail_id)
    .where(QUEUED, outbox.c.next_at <= bindparam("now"), _free)
    .order_by(outbox.c.next_at)
    .limit(bindparam("most"))
)
_claim: Final = (
    update(outbox)
    .where(
        outbox.c.mail_id == bindparam("mail"),
        QUEUED,
        outbox.c.next_at <= bindparam("now"),
        _free,
    )
    .values(leased_until=bindparam("until"), attempts=outbox.c.attempts + 1)
    .returning(outbox)
)
_overdue: Final = (
    select(outbox)
    .where(KEPT, outbox.c.kept_until <= bindparam("now"))
    .order_by(outbox.c.kept_until)
    .limit(bindparam("most"))
)
set_deadline: Final = (
    update(outbox).where(outbox.c.mail_id == bindparam("mail"), KEPT).values(kept_until=bindparam("until"))
)
"""A letter whose demand is erased first leaves soon or never; the parameters are the instant, then the mail's id."""
_pull_back: Final = (
    update(outbox)
    .where(
        QUEUED,
        outbox.c.next_at > bindparam("now"),
        or_(outbox.c.attempts == 0, outbox.c.next_at > bindparam("ahead")),
    )
    .values(next_at=bindparam("now"))
)
_counts: Final = select(outbox.c.state, func.count()).group_by(outbox.c.state)


class Mail(msgspec.Struct, frozen=True):
    """One row of the outbox; ``letter`` is the sealed box, None once it cannot be sent any more.

    ``agent`` is the code of the agent it is for, None for a citizen's; only an agent's may be about no single demand.
    The end of the lease and the number of attempts tell one claim of a letter from another.
    """

    mail_id: UUID
    demand_id: UUID | None
    kind: str
    letter: bytes | None
    state: str
    attempts: int
    queued_at: datetime
    next_at: datetime
    kept_until: datetime
    finished_at: datetime | None
    why: str | None
    resent_at: datetime | None
    agent: str | None = None
    resent_by: str | None = None
    leased_until: datetime | None = None


class Outbox:
    """Claims are leases: a worker that dies loses its claim after a while, and another one takes the letter."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, letters: Sequence[Outgoing]) -> None:
        """Queue letters that no fact brings; one already there stays as it is."""
        with writing(self._engine) as connection:
            put(connection, letters)

    def due(self, now: datetime, most: int) -> list[UUID]:
        """The letters to send now, the longest waiting first; those leased by a living worker are left out."""
        with self._engine.connect() as connection:
            return list(connection.scalars(_due, _instants(now) | {"most": most}))

    def claim(self, mail_id: UUID, now: datetime, lease: timedelta) -> Mail | None:
        """Take one letter for a while; None when it is finished, not due yet, or somebody else has it."""
        with writing(self._engine) as connection:
            row = connection.execute(
                _claim, _instants(now) | {"mail": mail_id, "until": micros(now + lease)}
            ).one_or_none()
        return _mail(row) if row else None

    def pull_back(self, now: datetime, longest: timedelta) -> int:
        """Make due what waits longer than it can, because the clock stepped back since it was queued; how many."""
        with writing(self._engine) as connection:
            return connection.execute(_pull_back, {"now": micros(now), "ahead": micros(now + longest)}).rowcount

    def holds(self, claimed: Mail) -> bool:
        """Whether this claim is still the letter's; it may be somebody else's once its lease was over."""
        with self._engine.connect() as connection:
            return connection.execute(select(outbox.c.mail_id).where(*_held(claimed))).one_or_none() is not None

    def postpone(self, claimed: Mail, until: datetime, why: str) -> None:
        """Give the letter back, to be tried again later; somebody else's claim is left alone."""
        self._set(_held(claimed), next_at=micros(until), leased_until=0, why=why)

    def give_back(self, claimed: Mail) -> None:
        """Undo a claim: no attempt was made, and the letter keeps its place among those that wait."""
        self._set(_held(claimed), leased_until=0, attempts=outbox.c.attempts - 1)

    def finish(
        self,
        mail_id: UUID,
        state: str,
        now: datetime,
        why: str | None = None,
        *,
        keep: bool = False,
        claimed: Mail | None = None,
    ) -> None:
        """Mark the letter ``sent`` or ``failed`` and drop its text, unless it is kept to be sent again.

        With ``claimed`` somebody else's claim is left alone; a letter that was sent is sent, whoever has it now.
        """
        dropped: dict[str, object] = {} if keep else {"letter": None}
        which = _held(claimed) if claimed is not None else (outbox.c.mail_id == mail_id, QUEUED)
        self._set(which, state=state, finished_at=micros(now), leased_until=0, why=why, **dropped)

    def resend(self, mail_id: UUID, now: datetime, by: str | None = None) -> bool:
        """Queue a failed letter once more, due at once; False when its text is gone or it has not failed.

        ``by`` is the code of who asked for it.
        """
        values = {"state": "queued", "attempts": 0, "next_at": micros(now), "finished_at": None, "why": None}
        again = update(outbox).where(outbox.c.mail_id == mail_id, outbox.c.state == "failed", KEPT)
        with writing(self._engine) as connection:
            return connection.execute(again.values(values | {"resent_at": micros(now), "resent_by": by})).rowcount == 1

    def overdue(self, now: datetime, most: int) -> list[Mail]:
        """Letters whose text should have gone by now, sent or not, the longest overdue first."""
        with self._engine.connect() as connection:
            rows = connection.execute(_overdue, {"now": micros(now), "most": most})
            return [_mail(row) for row in rows]

    def forget(self, mail_id: UUID) -> None:
        """Drop the text of a failed letter, which cannot be sent again from now on."""
        with writing(self._engine) as connection:
            connection.execute(
                update(outbox).where(outbox.c.mail_id == mail_id, outbox.c.state == "failed").values(letter=None)
            )

    def finished_among(self, mail_ids: Sequence[UUID]) -> list[UUID]:
        """Those that will never be sent again, whose keys have no reason left."""
        return self._those(mail_ids, outbox.c.letter.is_(None))

    def present(self, mail_ids: Sequence[UUID]) -> list[UUID]:
        """Those that have a row at all."""
        return self._those(mail_ids, outbox.c.mail_id.is_not(None))

    def of_demand(self, demand_id: UUID) -> list[Mail]:
        """Every letter of one demand, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(outbox).where(outbox.c.demand_id == demand_id).order_by(outbox.c.queued_at)
            ).all()
        return [_mail(row) for row in rows]

    def find(self, mail_id: UUID) -> Mail | None:
        """One letter."""
        with self._engine.connect() as connection:
            row = connection.execute(select(outbox).where(outbox.c.mail_id == mail_id)).one_or_none()
        return _mail(row) if row else None

    def latest(self, most: int, state: str | None = None, wanted: Wanted = Wanted()) -> list[Mail]:  # noqa: B008 — immutable
        """The newest letters, for the administrators' page and the demo mailbox; ``wanted`` narrows them."""
        chosen = replace(wanted, state=state) if state is not None else wanted
        with self._engine.connect() as connection:
            return [_mail(row) for row in connection.execute(newest(chosen, most))]

    def counts(self, most: int | None = None) -> dict[str, int]:
        """How many letters are in each state; counted up to ``most`` where that is enough to know."""
        if most is not None:
            with self._engine.connect() as connection:
                return {state: n for state, n in connection.execute(up_to(most)) if n}
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(_counts)}

    def _set(self, which: Sequence[Any], **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(outbox).where(*which).values(**values))

    def _those(self, mail_ids: Sequence[UUID], condition: Any) -> list[UUID]:
        with self._engine.connect() as connection:
            return list(connection.scalars(select(outbox.c.mail_id).where(outbox.c.mail_id.in_(mail_ids), condition)))


def _held(claimed: Mail) -> tuple[Any, ...]:
    """The row, as long as nobody has claimed the letter since."""
    until = micros(claimed.leased_until) if claimed.leased_until is not None else 0
    mine = outbox.c.mail_id == claimed.mail_id
    return mine, QUEUED, outbox.c.leased_until == until, outbox.c.attempts == claimed.attempts


def _instants(now: datetime) -> dict[str, Any]:
    return {"now": micros(now), "ahead": micros(now + LONGEST_LEASE)}


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        row.mail_id,
        row.demand_id,
        row.kind,
        row.letter,
        row.state,
        row.attempts,
        instant(row.queued_at),
        instant(row.next_at),
        instant(row.kept_until),
        maybe_instant(row.finished_at),
        row.why,
        maybe_instant(row.resent_at),
        row.agent,
        row.resent_by,
        instant(row.leased_until),
    )


__all__ = ["NEW_COLUMNS", "Mail", "Outbox", "Wanted", "create_tables", "new_row", "outbox", "put", "set_deadline"]
