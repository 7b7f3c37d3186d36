"""Processes that close a demand or turn the epoch, and die or stop inside: run in a child by ``service.child``."""

import os
import secrets
import signal
from collections.abc import Callable, Mapping
from typing import Any

from domain.handle import DemandHandle
from domain.office import Office
from store.keyring import StoredKeyring
from store.transactions import writing
from suivi.compose import Installation
from suivi.opening import now
from suivi.settings import read_settings
from tests.faults.hall import by_hand

POINTS = ("before the key", "before the checkpoint", "after the key")
TURN_POINTS = ("before the rows", "before the checkpoint", "before the files")


def close_and_die(environment: Mapping[str, str], reference: str, point: str) -> None:
    """Close a demand, and die at a point between the recorded closure and the answer."""
    with _opened(environment) as installation:
        keyring = installation.keyring
        match point:
            case "before the key":
                keyring.destroy = die  # type: ignore[method-assign]  # the fault itself
            case "before the checkpoint":
                keyring.checkpoint = die  # type: ignore[method-assign]
            case _:
                keyring.destroy = _then_die(keyring.destroy)  # type: ignore[method-assign]
        _close(installation.office, reference)


def close_many(environment: Mapping[str, str], references: list[str], told: Any) -> None:
    """Close one after the other, telling before each; a kill from outside ends it somewhere."""
    with _opened(environment) as installation:
        for reference in references:
            told.send(reference)
            _close(installation.office, reference)
        told.send(None)


def turn_and_die(environment: Mapping[str, str], point: str) -> None:
    """Turn the epoch, and die at a point inside."""
    with _opened(environment) as installation:
        keyring: StoredKeyring = installation.keyring
        name = {
            "before the rows": "_wrap_again",
            "before the checkpoint": "checkpoint",
            "before the files": "_remove_departed",
        }[point]
        setattr(keyring, name, die)
        keyring.turn()


def stop_inside_a_write(environment: Mapping[str, str], place: str) -> None:
    """Take part in a store's writing, and be stopped there: while the epoch turns, or in the events' own file."""
    with _opened(environment) as installation:
        if place == "keys":
            installation.stores.epochs.wrap = _stopping(installation.stores.epochs.wrap)  # type: ignore[method-assign]
            installation.keyring.turn()
        else:
            with writing(getattr(installation.stores, place)):
                os.kill(os.getpid(), signal.SIGSTOP)


def _stopping(act: Callable[..., bytes]) -> Callable[..., bytes]:
    """Stop before the first of many."""

    def stopped(*arguments: Any) -> bytes:
        if not once:
            once.append(True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return act(*arguments)

    once: list[bool] = []
    return stopped


def die(*_: object) -> None:
    """As in a power cut: no handler and no ``finally`` runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def _then_die(act: Callable[..., object]) -> Callable[..., None]:
    def both(*arguments: object) -> None:
        act(*arguments)
        die()

    return both


def _close(office: Office, reference: str) -> None:
    lea = office.directory.agent("lea")
    with office.demand(reference, by=lea, command=by_hand("agent:lea")) as demand:
        _decide(demand)


def _decide(demand: DemandHandle) -> None:
    demand.close("traitee", "fini", ("Sujet", "Corps"))


def _opened(environment: Mapping[str, str]) -> Installation:
    return Installation.open(read_settings(environment), now, secrets.token_bytes)
