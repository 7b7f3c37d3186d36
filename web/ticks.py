"""Acting on many demands from a list: what may be ticked, how many all pages hold, and which actions are offered."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import request

from domain.rights import Role
from projections.reading import Page
from web import criteria, current
from web.frame import same_page
from web.sessions import key_of_session

COUNTED: Final = 100_000
"""More results than this are not acted upon at once: the list asks for narrower criteria."""
_LABELS: Final = ("labels", "Étiquettes", "tags")
_CLOSE: Final = ("close", "Clôturer", "check2-circle")
_REASSIGN: Final = ("reassign", "Réattribuer", "arrow-left-right")
_EVENT: Final = ("add_event", "Ajouter un événement", "chat-left-text")
ACTIONS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "untreated": (_REASSIGN, _EVENT),
    "in_progress": (_LABELS, _CLOSE, _REASSIGN, _EVENT),
    "on_hold": (_LABELS, _REASSIGN, _EVENT),
    "service": (_LABELS, _CLOSE, _REASSIGN, _EVENT),
}
_WITHOUT_RIGHT_TO_PROCESS: Final = (_LABELS, _REASSIGN)
_OTHERS: Final = frozenset({"untreated", "service"})
"""Sections with demands that others follow, or nobody yet: only a head reassigns those by the lot."""


class Ticks(msgspec.Struct, frozen=True):
    """What a list offers for many demands; ``number`` is how many all its pages hold, None while nobody counted.

    ``fields`` are the criteria as the address has them, sent along so that all results may be acted upon; under ``key``
    a browser remembers what was ticked on the pages of this list, and nothing can be read from it.
    """

    ticked: bool
    number: int | None
    more: bool
    fields: list[tuple[str, Any]]
    actions: tuple[tuple[str, str, str], ...]
    all_address: str
    none_address: str
    key: str

    @property
    def offers_all(self) -> bool:
        """Whether all results may be chosen at once."""
        return self.more and self.number is not None and self.number < COUNTED

    @property
    def too_many(self) -> bool:
        """Whether there are more results than may be acted upon at once."""
        return self.more and self.number is not None and self.number >= COUNTED


def ticks(wanted: criteria.Wanted, page: Page) -> Ticks:
    """The tick boxes of one page of a list; ``cocher=tout`` in the address ticks them without a script."""
    ticked, more = request.args.get("cocher") == "tout", bool(page.next or wanted.typed["cursor"])
    without_place = wanted.typed | {"size": None}
    return Ticks(
        ticked=ticked,
        number=_number(wanted, page, more=more, asked=ticked),
        more=more,
        fields=[("section", wanted.section), *criteria.in_address(without_place).items()],
        actions=_actions(wanted.section),
        all_address=same_page(cocher="tout"),
        none_address=same_page(),
        key=_key(wanted),
    )


def _key(wanted: criteria.Wanted) -> str:
    """The same for all pages of a list under the same criteria, in one session."""
    meant = urlencode({"section": wanted.section, **{name: str(value) for name, value in wanted.shown.items()}})
    secret = current.parts().session_secret
    return hmac.digest(secret, f"ticks {key_of_session()} {meant}".encode(), sha256).hex()[:16]


def _actions(section: str) -> tuple[tuple[str, str, str], ...]:
    scope, procedures, offered = current.scope(), current.known().procedures, ACTIONS[section]
    if section == "service" and not any(procedures[code].service in scope.services for code in scope.processable):
        offered = _WITHOUT_RIGHT_TO_PROCESS
    if section not in _OTHERS or current.agent().rights.has(Role.HEAD):
        return offered
    return tuple(action for action in offered if action is not _REASSIGN)


def _number(wanted: criteria.Wanted, page: Page, *, more: bool, asked: bool) -> int | None:
    """The section's own counter, what the only page shows, or a count where somebody asked for it."""
    if not more:
        return len(page.rows)
    if not wanted.shown:
        return getattr(current.counters(), wanted.section, None)
    if not asked:
        return None
    return current.parts().lists.number(wanted.criteria, current.scope(), current.now(), COUNTED)
