"""P17: a stop is clean, under load as well: what was accepted is answered, and the process ends within ten seconds."""

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from suivi import logs, serving
from suivi.compose import Installation
from suivi.serving import CUT_SHORT
from tests.faults.audit import audit, verified
from tests.faults.clockwork import LEASE_OVER_S
from tests.faults.closing import Closing, count
from tests.faults.hall import Hall
from tests.faults.letters import Holding, address, behind, finish, receive, taken
from tests.faults.load import Ledger, Load
from tests.faults.service import NURSERY, Service, WorkerProcess, ahead_by, become, child, free_port
from tests.faults.waiting import until
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import mail_server

STOPS_WITHIN_S = 10
AT_WORK_WITHIN_S = 20
LETTERS = 40


@pytest.mark.xdist_group("faults-stops")
def test_a_stop_under_load_answers_what_was_accepted(hall: Hall, stores: str, smtp_url: str, closes: Closing) -> None:
    stops, ledger, port, random = count(4 if stores == "sqlite" else 2, 40), Ledger(), free_port(), Random(17)
    service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    load, slowest = Load(port, ledger), 0.0
    for _ in range(stops):
        load.begin()
        time.sleep(random.uniform(0.1, 0.6))  # the point of the stop, not a wait for anything
        begun = time.monotonic()
        assert service.stop() == 0, "not ended by itself"
        slowest = max(slowest, time.monotonic() - begun)
        load.end()
        assert [asked_at for asked_at in load.unanswered() if asked_at < begun] == []
        service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    with service:
        assert service.stop() == 0
    assert slowest < STOPS_WITHIN_S
    assert ledger.wrong == []
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"P17: {stops} stops under load, {ledger.acknowledged} acknowledged, 0 accepted and unanswered, all within 10 s"
    )


@pytest.mark.redis
@pytest.mark.xdist_group("faults-stops")
def test_a_worker_told_to_stop_finishes_the_letter_in_hand_or_leaves_it_to_another(
    hall: Hall, stores: str, own_redis: OwnRedis, closes: Closing
) -> None:
    """Every other time the mail server has the letter and never says so: the worker ends all the same."""
    stops, finished, ahead = count(3 if stores == "sqlite" else 2, 20), 0, ahead_by(LEASE_OVER_S)
    hall, inbox = behind(hall, own_redis), Holding()
    with hall.opened() as installation, mail_server(inbox) as port:
        receive(installation, LETTERS)
        for stop in range(stops):
            finished += stop_in_hand(hall, installation, inbox, port, answered=stop % 2 == 0)
        finish(installation, hall, port, ahead)
        found = Counter(taken(inbox))
    assert sorted(recipient for recipient, _ in found) == sorted(address(n) for n in range(LETTERS))
    twice = sum(number > 1 for number in found.values())
    assert twice >= stops // 2
    verified(hall)
    closes(
        f"P17: {stops} stops of a worker with letters in hand, each by itself, {finished} of these finished before, "
        f"{twice} came again under the same Message-ID, {LETTERS} letters, 0 missing"
    )


def stop_in_hand(hall: Hall, installation: Installation, inbox: Holding, port: int, *, answered: bool) -> int:
    """Stop a worker while the mail server holds its letters; how many of these were finished."""
    inbox.held.clear()
    inbox.answer.clear()
    before = len(inbox.letters)
    with WorkerProcess(hall, SUIVI_SMTP_URL=f"smtp://127.0.0.1:{port}") as worker:
        told = stops_told(worker)
        assert inbox.held.wait(AT_WORK_WITHIN_S)
        worker.signal(signal.SIGTERM)
        until(lambda: stops_told(worker) > told, AT_WORK_WITHIN_S, "it was told")
        if answered:
            inbox.answer.set()
        assert worker.end(2 * STOPS_WITHIN_S) == 0, "not ended by itself"
    inbox.answer.set()
    states = {str(mail.mail_id): mail.state for mail in installation.outbox.latest(10_000)}
    held = [states[name.strip("<>").partition("@")[0]] for _, name in taken(inbox)[before:]]
    assert held
    assert set(held) == {"sent" if answered else "queued"}
    return held.count("sent")


def stops_told(worker: WorkerProcess) -> int:
    return worker.log.read_text().count('"stopping"')


def stop_never(environment: dict[str, str], log: str, ready: Any) -> None:
    """In a child: a process in which something hangs when it is told to stop."""
    become(environment, log)
    logs.configure()
    serving.STOP_WITHIN_S = 0.1  # type: ignore[misc]  # it need not hang for long here
    serving.on_signal(lambda: None)
    ready.set()
    Event().wait()


def test_a_stop_that_hangs_says_so(tmp_path: Path) -> None:
    log, ready = tmp_path / "log", NURSERY.Event()
    with child(stop_never, {}, str(log), ready) as process:
        assert ready.wait(AT_WORK_WITHIN_S)
        os.kill(process.pid, signal.SIGTERM)
        process.join(AT_WORK_WITHIN_S)
        assert process.exitcode == CUT_SHORT
    assert '"event": "stop cut short"' in log.read_text()
