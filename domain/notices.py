"""Letters to agents: reference, procedure and dates of demands, and nothing of the citizen's."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from domain.letters import Letter
from domain.ports import Outgoing
from domain.references import NAMESPACE
from domain.sealing import Keyring, place

MOST_LINES: Final = 200


class NoticeKind(StrEnum):
    """The kinds of letters an agent may receive."""

    NEW_DEMAND = "new_demand"
    DAILY_DIGEST = "daily_digest"
    REMINDER = "reminder"
    DELETION_WARNING = "deletion_warning"
    DELETION_NOTICE = "deletion_notice"
    REASSIGNMENT = "reassignment"
    ACTIVATION_LINK = "activation_link"

    @property
    def kept_for(self) -> timedelta:
        """How long it waits for a mail server, or may be sent again: what is late by more is of no use."""
        return timedelta(days=7) if self is NoticeKind.DELETION_NOTICE else timedelta(days=2)


class Line(msgspec.Struct, frozen=True):
    """One demand in a letter: its reference, the title of its procedure, and what is to be said of it."""

    reference: str
    title: str
    said: str


class Section(msgspec.Struct, frozen=True):
    """Demands of which the same is said; ``unnamed`` more are in the list at the address ``where``."""

    heading: str
    lines: tuple[Line, ...]
    unnamed: int = 0
    where: str = ""


class Notice(msgspec.Struct, frozen=True):
    """A letter to one agent before it is sealed; the demand is named when it is about a single one."""

    kind: NoticeKind
    agent: str
    subject: str
    body: str
    demand_id: UUID | None = None


class Stationery(msgspec.Struct, frozen=True):
    """What every letter to an agent bears: the town hall's name, its zone, the address of the pages."""

    townhall: str
    zone: tzinfo
    base_url: str

    def body(self, name: str, sections: Iterable[Section], ending: str = "") -> str:
        """The text of a letter, in plain text; a long list is cut, and says so."""
        parts = [f"Bonjour {name},"]
        for section in sections:
            text = "\n".join(self._written(line) for line in section.lines[:MOST_LINES])
            parts.append(f"{section.heading}\n\n{text}{self._rest(section)}")
        parts += [ending] if ending else []
        return "\n\n".join([*parts, f"{self.townhall}\n{self.base_url}/"]) + "\n"

    def day(self, moment: datetime) -> str:
        """A local day, 01/03/2027."""
        return f"{moment.astimezone(self.zone):%d/%m/%Y}"

    def moment(self, moment: datetime) -> str:
        """A local instant, 01/03/2027 à 09:30."""
        return f"{moment.astimezone(self.zone):%d/%m/%Y à %H:%M}"

    def _rest(self, section: Section) -> str:
        more = section.unnamed + max(len(section.lines) - MOST_LINES, 0)
        place = f" : {self.base_url}{section.where}" if section.where else ", dans Suivi."
        return f"\n… et {more} {'autre' if more == 1 else 'autres'}{place}" if more else ""

    def _written(self, line: Line) -> str:
        return f"- {line.reference}, {line.title}\n  {line.said}\n  {self.base_url}/demandes/{line.reference}"


def counted(number: int, one: str, many: str) -> str:
    """« 1 demande en retard », « 3 demandes en retard »."""
    return f"{number} {one if number == 1 else many}"


def notice_id(*parts: object) -> UUID:
    """The same letter of the same occasion always has the same id, whoever writes it."""
    return uuid5(NAMESPACE, ":".join(("notice", *map(str, parts))))


def sealed(keyring: Keyring, notices: Sequence[tuple[UUID, Notice]], at: datetime) -> list[Outgoing]:
    """Letters for the outbox, each under a key of its own; the agent's address is looked up when a letter leaves."""
    if not notices:
        return []
    keys = keyring.mint([mail_id for mail_id, _ in notices], "mail", at)
    return [
        Outgoing(
            mail_id,
            notice.demand_id,
            notice.kind,
            keys[mail_id].seal(_text(notice), place(mail_id, 0, "letter")).box,
            at,
            at + notice.kind.kept_for,
            notice.agent,
        )
        for mail_id, notice in notices
    ]


def _text(notice: Notice) -> str:
    return msgspec.json.encode(Letter("", notice.subject, notice.body)).decode()
