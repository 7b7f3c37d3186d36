"""``suivi verify``: the history is whole, and the read models are what a replay makes of it."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Final
from uuid import UUID

import click
from sqlalchemy.exc import DatabaseError

from suivi.compose import Installation
from suivi.opening import opened
from suivi.progress import progress_bar
from suivi.refusals import CommandRefused
from suivi.replayed import compare
from suivi.verification import Findings, HistoryCheck, check_numbers, check_store
from suivi.written import json_text

DESTROYED_WITHIN: Final = timedelta(minutes=1)


@click.command(help="Vérifie l’intégrité de l’historique, et que les listes et statistiques sont celles qu’il donne.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def verify(*, as_json: bool) -> None:
    """Read everything; exit 1 with findings."""
    findings = Findings(problems=[])
    with _told_to_stop(), opened(catching_up=False) as installation:
        head = installation.register.head()
        with progress_bar("Vérification", 2 * head) as advance:
            _verify(installation, head, findings, advance)
    if as_json:
        click.echo(json_text({"ok": findings.ok} | {n: getattr(findings, n) for n in ("facts", "demands", "problems")}))
    else:
        for problem in findings.problems:
            click.echo(f"  {problem}")
        click.echo(f"{findings.facts} faits et {findings.demands} demandes vérifiés.")
    if not findings.ok:
        number = len(findings.problems) + findings.left_out
        raise CommandRefused(
            f"{number} problème(s) : gardez une copie des données et cherchez-en la cause avant d’écrire."
        )


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """As by Ctrl-C: what was copied is removed first. What nohup lets pass stays without effect."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _verify(installation: Installation, head: int, findings: Findings, advance: Callable[[int], None]) -> None:
    stores = installation.stores
    for name in ("events", "views", "keys", "accounts"):
        _noting(findings, f"magasin {name}", partial(check_store, name, getattr(stores, name), findings))
    _noting(findings, "numéros des faits", lambda: check_numbers(stores.events, findings))
    check = HistoryCheck(stores.events, findings, advance)
    active = frozenset(installation.keyring.active("demand"))
    _noting(findings, "historique", lambda: check.run(head, active))
    _noting(findings, "vues", lambda: _compare(installation, findings, advance))
    _check_keys(installation, check.finished, findings)


def _compare(installation: Installation, findings: Findings, advance: Callable[[int], None]) -> None:
    installation.projector.catch_up()
    compare(installation, findings, advance)


def _check_keys(installation: Installation, finished: Mapping[UUID, datetime], findings: Findings) -> None:
    """A key goes within a minute after its demand's end, by the sweep where a crash came between."""
    late = installation.clock() - DESTROYED_WITHIN
    for identity in sorted(installation.keyring.keys(owner for owner, ended in finished.items() if ended <= late)):
        findings.note(f"{identity} : demande terminée dont la clé existe encore")


def _noting(findings: Findings, what: str, check: Callable[[], None]) -> None:
    """A check that cannot be carried through is itself a finding; errors quote values, so only their kind is told."""
    try:
        check()
    except DatabaseError as error:
        findings.note(f"{what} : base abîmée ({type(error.orig).__name__})")
    except Exception as error:  # noqa: BLE001 — whatever a damaged store makes a replay raise
        findings.note(f"{what} : vérification impossible ({type(error).__name__})")
