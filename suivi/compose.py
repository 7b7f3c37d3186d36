"""The composition root: everything is built here, once, and handed to those who need it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from types import TracebackType
from typing import Self

from domain.office import Office
from projections.all_demands import AllDemands
from projections.journal import Journal
from projections.lists import Lists
from projections.people import People
from projections.projector import Projector
from projections.selecting import Selecting
from projections.statistics import Statistics
from store.access_log import AccessLog
from store.activations import Activations
from store.clients import ApiClients
from store.credentials import Credentials
from store.followers import Followers
from store.leases import Leases
from store.named_filters import NamedFilters
from store.operations import Operations
from store.outbox import Outbox
from store.preferences import Preferences
from store.register import Register
from store.sessions import Sessions
from store.sweeps import Sweeps
from store.throttles import Throttles
from suivi.calendars import calendars
from suivi.logs import get_logger
from suivi.rebuilding import Advance, rebuild
from suivi.records import StoredRecords
from suivi.settings import Settings
from suivi.stores import (
    Stores,
    founding_alone,
    prepare_directories,
    prepare_secret,
    register_environment,
    require_directory,
)

Clock = Callable[[], datetime]
RandomBytes = Callable[[int], bytes]
Shown = Callable[[int], AbstractContextManager[Advance]]
logger = get_logger("suivi")


def _unseen(_: int) -> AbstractContextManager[Advance]:
    return nullcontext(lambda _: None)


class Installation:
    """One town hall, open in this process; time and randomness come in as functions."""

    def __init__(self, settings: Settings, clock: Clock, random_bytes: RandomBytes) -> None:
        self.settings, self.clock, self.random_bytes, self.zone = settings, clock, random_bytes, settings.zone
        self.stores = Stores(settings, random_bytes)
        self.calendars = calendars(self.zone)
        self.secrets, self.keyring = self.stores.secrets, self.stores.keyring
        self.after_save: list[Callable[[], object]] = []
        self.after_asking: list[Callable[[], object]] = []
        self.projection_error: str | None = None

    @classmethod
    def create(cls, settings: Settings, clock: Clock, random_bytes: RandomBytes, rebuilding: Shown = _unseen) -> Self:
        """Make or upgrade an installation, and open it; ``rebuilding`` shows how far its read models are."""
        prepare_directories(settings)
        with founding_alone(settings):
            prepare_secret(settings, random_bytes)
            installation = cls(settings, clock, random_bytes)
            with installation._closed_when_refused():
                installation._make(rebuilding)
        return installation

    @contextmanager
    def _closed_when_refused(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _make(self, rebuilding: Shown) -> None:
        fits = self.stores.create(self.clock())
        self._assemble()
        if not fits:
            with rebuilding(self.register.head()) as advance:
                rebuild(self.stores, self.calendars, self.clock(), advance, wait=True)

    @classmethod
    def open(cls, settings: Settings, clock: Clock, random_bytes: RandomBytes, *, views: bool = True) -> Self:
        """Open an installation; raises CommandRefused when there is none, or of another version.

        Without ``views`` the read models may be missing or of another version.
        """
        require_directory(settings)
        installation = cls(settings, clock, random_bytes)
        with installation._closed_when_refused():
            installation.stores.require(views=views)
            return installation._assemble()

    def _assemble(self) -> Self:
        stores = self.stores
        self.register = Register(register_environment(self.settings), stores.events)
        self.outbox = Outbox(stores.events)
        self.records = StoredRecords(stores.events)
        self.projector = Projector(
            stores.views,
            self.records,
            self.keyring,
            self.calendars,
            forgotten=stores.empty_views_log,
            served=stores.generations,
        )
        self.office = Office(
            self.register,
            self.keyring,
            zone=self.zone,
            fingerprint=self.secrets.fingerprint,
            random_bits=self.random_bits,
            saved=self.saved,
        )
        self._assemble_readers()
        return self

    def _assemble_readers(self) -> None:
        views, accounts = self.stores.views, self.stores.accounts
        self.lists, self.journal, self.people = Lists(views, self.keyring), Journal(views), People(views)
        self.all_demands, self.statistics = AllDemands(views), Statistics(views)
        self.credentials, self.sessions, self.throttles = Credentials(accounts), Sessions(accounts), Throttles(accounts)
        self.activations, self.clients = Activations(accounts), ApiClients(accounts)
        self.access_log, self.leases, self.sweeps = AccessLog(accounts), Leases(accounts), Sweeps(accounts)
        self.preferences, self.followers = Preferences(accounts), Followers(self.stores.events)
        self.named_filters = NamedFilters(accounts)
        self.selecting, self.operations = Selecting(views, self.lists), Operations(accounts)

    def saved(self) -> None:
        """After every save: agents read what they just did. A fact that cannot be projected never undoes a command."""
        self.catch_up()
        for listener in self.after_save:
            listener()

    def operation_asked(self) -> None:
        """After work on many demands was asked: who carries it out begins at once."""
        for listener in self.after_asking:
            listener()

    def catch_up(self) -> int:
        """Bring the read models up to date; what stops them is logged and shown by ``/health/ready``."""
        try:
            number = self.projector.catch_up()
        except Exception as error:  # noqa: BLE001 — whatever it is, the command that was saved stays saved
            self.projection_error = type(error).__name__
            logger.error("projection_stopped", error=type(error).__name__)  # noqa: TRY400 — no traceback: no values
            return 0
        self.projection_error = None
        return number

    def readiness(self) -> dict[str, str]:
        """What is not ready, each with a reason; empty when all is."""
        self.catch_up()
        return {} if self.projection_error is None else {"views": self.projection_error}

    def random_bits(self, number: int) -> int:
        """Some random bits as a number."""
        return int.from_bytes(self.random_bytes((number + 7) // 8), "big") & ((1 << number) - 1)

    def close(self) -> None:
        """Close every file."""
        if hasattr(self, "register"):
            self.register.close()
        self.stores.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
