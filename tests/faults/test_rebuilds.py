"""P4 under faults: rebuilt while others read and write, killed at every step, and flipped under load."""

import os
import signal
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from projections.tables import metadata
from suivi.opening import now
from suivi.rebuilding import sweep
from tests.faults.audit import verified
from tests.faults.closing import FULL, Closing, count
from tests.faults.hall import Hall, taken
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, become, child, suivi
from tests.faults.stores import url_of

pytestmark = pytest.mark.xdist_group("faults-many")
"""With the other proof that runs most processes, so that both together do not use up the server's connections."""
STEPS = (
    ("projections.rebuild", "Rebuild", "_fill"),
    ("projections.rebuild", "Rebuild", "_tokenise"),
    ("suivi.rebuilding", "_Work", "_compare"),
    ("suivi.rebuilding", "_Work", "_flip"),
    ("suivi.rebuilding", "_Work", "run"),
)
KILLED = STEPS if FULL else STEPS[::2]
"""Where a rebuild dies: at the end of each, so that the last is after the flip and before anything old is removed."""


def generations(hall: Hall) -> int:
    """How many places hold read models, half-built ones included."""
    url = url_of(hall.environment)
    if url is None:
        return len(list(hall.directory.glob("views-*.sqlite3"))) or 1
    with psycopg.connect(url) as connection:
        found = connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname ~ '^suivi_views_\d+$'")
        return len(found.fetchall())


def rebuild_and_die(environment: Mapping[str, str], log: str, step: tuple[str, str, str]) -> None:
    """In a child: the rebuild up to the end of one step, then no more of this process."""
    become(environment, log)
    from importlib import import_module  # noqa: PLC0415 — in the child only

    from suivi.cli import run  # noqa: PLC0415

    module, owner, name = step
    whole = getattr(import_module(module), owner)
    original = getattr(whole, name)

    def last(*arguments: Any, **named: Any) -> None:
        original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(whole, name, last)
    run(["rebuild"])


def test_a_rebuild_killed_at_any_step_leaves_no_damage(hall: Hall, closes: Closing) -> None:
    with hall.opened() as installation:
        references = taken(installation, 3)
    for step in KILLED:
        with child(rebuild_and_die, hall.environment, str(hall.directory.parent / "rebuild.log"), step) as process:
            process.join(60)
            assert process.exitcode == -signal.SIGKILL, step
        with hall.opened() as installation:
            references += taken(installation, 1)
            installation.projector.catch_up()
            assert installation.readiness() == {}
            with installation.stores.views.connect() as connection:
                kept = set(
                    connection.scalars(
                        metadata.tables["current_demands"]
                        .select()
                        .with_only_columns(metadata.tables["current_demands"].c.reference)
                    )
                )
            assert kept == set(references), step
    code, out, err = suivi(hall, "rebuild").done()
    assert (code, "servent" in out) == (0, True), err
    assert generations(hall) == 1
    with hall.opened() as installation:
        assert installation.keyring.active("search") == [installation.projector.position().generation]
    verified(hall)
    closes(f"P4: {len(KILLED)} rebuilds killed, {len(references)} demands listed, 0 leftovers")


def test_the_clock_removes_what_a_killed_rebuild_left(hall: Hall) -> None:
    with child(rebuild_and_die, hall.environment, str(hall.directory.parent / "rebuild.log"), STEPS[2]) as process:
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    assert generations(hall) == (2 if url_of(hall.environment) else 1)
    with hall.opened() as installation:
        assert len(installation.keyring.active("search")) == 2
        sweep(installation.stores, now())
        assert installation.keyring.active("search") == [installation.projector.position().generation]
    assert generations(hall) == 1
    assert not list(hall.directory.glob("views-*")) or url_of(hall.environment)


def test_pages_and_commands_never_notice_that_other_read_models_serve(hall: Hall, closes: Closing) -> None:
    rebuilds, ledger = count(2, 30), Ledger()
    with Service(hall) as service:
        load = Load(service.port, ledger, readers=2)
        load.begin()
        for _ in range(rebuilds):
            code, out, err = suivi(hall, "rebuild").done()
            assert (code, "servent" in out) == (0, True), err
        load.end()
        assert service.stop() == 0
    assert ledger.wrong == []
    assert ledger.acknowledged > 0
    assert generations(hall) == 1
    with hall.opened() as installation:
        assert installation.keyring.active("search") == [installation.projector.position().generation]
    verified(hall)
    closes(f"P4: {rebuilds} rebuilds under load, {ledger.acknowledged} commands, {len(ledger.wrong)} refused")


def test_two_rebuilds_at_once_are_harmless_while_others_write(hall: Hall) -> None:
    stop = Event()

    def write() -> None:
        with hall.opened() as installation:
            while not stop.is_set():
                taken(installation, 1)

    writer = Thread(target=write)
    writer.start()
    both = [suivi(hall, "rebuild") for _ in range(2)]
    results = [command.done() for command in both]
    stop.set()
    writer.join()
    for code, out, err in results:
        assert (code == 0 and "servent" in out) or "déjà en cours" in err, (out, err)
    assert any(code == 0 for code, _, _ in results)
    assert suivi(hall, "rebuild").done()[0] == 0
    assert generations(hall) == 1
    verified(hall)
