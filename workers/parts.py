"""What the workers are given: everything built by the composition root, nothing made here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.office import Office
from store.keyring import StoredKeyring
from store.leases import Leases
from store.outbox import Mail, Outbox
from store.register import Register
from store.sweeps import Sweeps
from workers.transport import Transport


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The town hall as the jobs see it; ``transport`` is None while no mail server is configured.

    ``address_of(code)`` is where an agent may be written to now, None when nowhere; ``may_leave(now)`` keeps the pace;
    ``left(mail)`` hears of each letter handed over, before its row says so. ``broker_url`` is empty for the embedded
    broker; ``turn_after`` is how long destroyed keys may lie under the old epoch, an hour at most.
    """

    office: Office
    register: Register
    outbox: Outbox
    keyring: StoredKeyring
    leases: Leases
    sweeps: Sweeps
    transport: Transport | None
    sender: str
    clock: Callable[[], datetime]
    catch_up: Callable[[], object]
    address_of: Callable[[str], str | None] = lambda _code: None
    may_leave: Callable[[datetime], bool] = lambda _now: True
    left: Callable[[Mail], None] = lambda _mail: None
    broker_url: str = ""
    turn_after: timedelta = timedelta(minutes=30)
