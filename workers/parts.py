"""What the workers are given: everything built by the composition root, nothing made here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.office import Office
from store.keyring import StoredKeyring
from store.leases import Leases
from store.outbox import Outbox
from store.register import Register
from store.sweeps import Sweeps
from workers.transport import Transport


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The town hall as the jobs see it; ``transport`` is None while no mail server is configured.

    ``broker_url`` is empty for the embedded broker; ``turn_after`` is how long destroyed keys may lie under the old
    epoch, at most an hour with the sweep's own period.
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
    broker_url: str = ""
    turn_after: timedelta = timedelta(minutes=30)
