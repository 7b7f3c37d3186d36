"""What the web is given: everything built by the composition root, nothing made here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from flask import Flask

from domain.definition import Definition
from domain.delays import Calendar
from domain.office import Office
from projections.all_demands import AllDemands
from projections.journal import Journal
from projections.lists import Lists
from projections.people import People
from projections.selecting import Selecting
from projections.statistics import Statistics
from store.access_log import AccessLog
from store.activations import Activations
from store.clients import ApiClients
from store.credentials import Credentials
from store.keyring import StoredKeyring
from store.named_filters import NamedFilters
from store.operations import Operations
from store.outbox import Outbox
from store.preferences import Preferences
from store.sessions import Sessions
from store.throttles import Throttles

EXTENSION: Final = "suivi"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The town hall as the pages see it; time and randomness come in as functions.

    ``send_link(code)`` says that a link was asked for, and counted (``link_asked``); the same for an unknown code.
    ``readiness()`` names what is not ready, each with a reason; ``mails_waiting()`` tells that no mail server is set.
    ``mailbox()`` gives the letters that the demo's mailbox page shows, newest first.
    ``calendars(alsace_moselle)`` gives the town's calendar, ``web.frame.calendar()`` the one in force.
    ``operation_asked()`` wakes who carries out work on many demands.
    ``endings_under(definition, now)`` counts the demands that a definition would delete, and warn of, at once.
    """

    office: Office
    lists: Lists
    selecting: Selecting
    operations: Operations
    journal: Journal
    all_demands: AllDemands
    statistics: Statistics
    people: People
    credentials: Credentials
    sessions: Sessions
    throttles: Throttles
    activations: Activations
    clients: ApiClients
    access_log: AccessLog
    outbox: Outbox
    preferences: Preferences
    named_filters: NamedFilters
    keyring: StoredKeyring
    session_secret: bytes
    base_url: str
    zone: tzinfo
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    calendars: Callable[[bool], Calendar]
    trusted_hosts: tuple[str, ...] = ()
    trusted_proxies: int = 0
    demo: bool = False
    readiness: Callable[[], dict[str, str]] = dict
    mails_waiting: Callable[[], bool] = lambda: False
    mailbox: Callable[[], Sequence[Any]] = tuple
    endings_under: Callable[[Definition, datetime], tuple[int, int]] = lambda _definition, _now: (0, 0)
    send_link: Callable[[str], None] = lambda _code: None
    operation_asked: Callable[[], None] = lambda: None
    session_idle: timedelta = timedelta(minutes=30)
    session_absolute: timedelta = timedelta(hours=10)

    @property
    def https(self) -> bool:
        """Whether the public address is an encrypted one."""
        return self.base_url.startswith("https://")

    def install(self, app: Flask) -> None:
        """Make these parts the ones that ``web.current`` gives."""
        app.extensions[EXTENSION] = self
