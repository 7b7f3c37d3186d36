"""Processes that carry out work on many demands and die inside: run in a child by ``service.child``."""

import secrets
from collections.abc import Mapping

from suivi.compose import Installation
from suivi.opening import now
from suivi.settings import read_settings
from tests.faults.closers import die
from workers import operating
from workers.operating import LEASE, Operator

POINTS = ("before the facts", "after the facts", "before the results", "after the results", "before the keys")


def operate_and_die(environment: Mapping[str, str], point: str, group: int, before: int) -> None:
    """Carry an operation on by one group, and die at a point inside.

    ``before`` are the deaths still to come: each happens a lease earlier than the next, so that none waits for it.
    """
    operating.GROUPS = dict.fromkeys(operating.GROUPS, group)  # type: ignore[misc]  # smaller groups, more places to die
    with Installation.open(read_settings(environment), now, secrets.token_bytes) as installation:
        operations, register, keyring = installation.operations, installation.register, installation.keyring
        record, append = operations.record, register.append
        match point:
            case "before the facts":
                register.append = lambda *_, **__: die()  # type: ignore[method-assign]  # the fault itself
            case "after the facts":
                register.append = lambda *a, **k: _then_die(append(*a, **k))  # type: ignore[method-assign]
            case "before the keys":
                keyring.destroy = lambda *_: die()  # type: ignore[method-assign]
            case "before the results":
                operations.record = lambda *_: die()  # type: ignore[method-assign]
            case _:
                operations.record = lambda *a: _then_die(record(*a))  # type: ignore[method-assign]
        Operator(installation.office, operations, keyring, lambda: now() - LEASE * before).turn()


def _then_die(_: object) -> None:
    """What was done stays done."""
    die()
