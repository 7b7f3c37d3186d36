"""P2: the answer follows the fsync; an I/O error or a full disk is a clean refusal, and service goes on afterwards."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from domain.references import demand_id
from suivi.opening import now
from suivi.serving import worker_parts
from tests.faults.audit import audit, verified
from tests.faults.closing import FULL, Closing, count, unable
from tests.faults.hall import Hall, copied, taken
from tests.faults.load import LIFE, Ledger
from tests.faults.service import Service
from tests.faults.stores import only_sqlite
from tests.faults.tracing import SENDS, SYNCS, WRITES, Call, read_trace, strace, traced
from tests.faults.visitors import AtWork, Site, require_refusal
from tests.faults.waiting import until
from workers.sweep import finish_erasures

DISK_BYTES = count(6, 24) << 20


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
def test_the_answer_leaves_after_the_facts_are_on_the_disk(hall: Hall, closes: Closing) -> None:
    trace, ledger = hall.directory.parent / "trace", Ledger()
    lives = count(5, 50)
    with Service(hall, wrapper=traced(trace, {*SYNCS, *WRITES, *SENDS})) as service:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        for number in range(lives):
            live(site, lea, str(number), ledger)
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    judged = [judge(exchange) for exchange in exchanges(read_trace(trace.read_text().splitlines()))]
    acknowledged = [verdict for verdict in judged if verdict != "nothing written"]
    assert set(acknowledged) == {"on the disk"}
    assert len(acknowledged) >= ledger.acknowledged == lives * (1 + len(LIFE))
    closes(f"P2: {ledger.acknowledged} answers traced, each sent after the fsync of what it wrote, 0 before")


def live(site: Site, lea: AtWork, key: str, ledger: Ledger) -> None:
    """One whole life, one answer after the other."""
    ledger.tried.add(key)
    answer = site.submit(key)
    assert answer.status == 201, answer.text
    reference = ledger.forms[key] = answer.json["reference"]
    for action, fact, fields in LIFE:
        command = f"{key}-{action}"
        assert lea.act(reference, action, {**fields, "command_id": command}).status == 303
        ledger.steps[command] = (reference, fact)


def exchanges(calls: Iterator[Call]) -> Iterator[list[Call]]:
    """What was done up to each answer that acknowledges, the answer left out."""
    done: list[Call] = []
    for call in calls:
        if call.name in SENDS and '"HTTP/1.1 ' in call.rest:
            if '"HTTP/1.1 201' in call.rest or '"HTTP/1.1 303' in call.rest:
                yield done
            done = []
        else:
            done.append(call)


def judge(done: list[Call]) -> str:
    """Whether every write to the events, and to the keys before them, was followed by a sync that succeeded.

    Those of the thread that wrote the events: the clock sweeps keys meanwhile, in a thread of its own.
    """
    verdict = "nothing written"
    acting = {call.thread for call in done if call.name in WRITES and is_of("events", call)}
    for store in ("keys", "events"):
        calls = [call for call in done if call.thread in acting and is_of(store, call)]
        writes = [number for number, call in enumerate(calls) if call.name in WRITES]
        if not writes:
            continue
        synced = any(call.name in SYNCS and call.rest.endswith("= 0") for call in calls[writes[-1] + 1 :])
        if not synced:
            return f"{store} written and not synced"
        verdict = "on the disk" if store == "events" else verdict
    return verdict


def is_of(store: str, call: Call) -> bool:
    return call.file.endswith((f"{store}.sqlite3-wal", f"{store}.sqlite3"))


def test_the_judgement_of_a_trace_is_able_to_fail() -> None:
    write, sync = Call("pwrite64", "/x/events.sqlite3-wal", ', "…", 4096, 0) = 4096'), "/x/events.sqlite3-wal"
    assert judge([write, Call("fdatasync", sync, ") = 0")]) == "on the disk"
    assert judge([Call("fdatasync", sync, ") = 0"), write]) == "events written and not synced"
    assert judge([write, Call("fdatasync", sync, ") = -1 EIO")]) == "events written and not synced"
    key = Call("pwrite64", "/x/keys.sqlite3-wal", ', "…", 4096, 0) = 4096')
    assert judge([key, write, Call("fdatasync", sync, ") = 0")]) == "keys written and not synced"
    assert judge([write, Call("fdatasync", sync, ") = 0"), replace(key, thread="8")]) == "on the disk"
    begun = [
        "7 fdatasync(5</x/events.sqlite3-wal> <unfinished ...>",
        '8 sendto(6<socket:[1]>, "HTTP/1.1 201", 12) = 12',
    ]
    ended = "7 <... fdatasync resumed>)             = 0"
    assert [call.name for call in read_trace([*begun, ended])] == ["sendto", "fdatasync"]


CALLS = [("fdatasync", "2..3"), ("pwrite64", "3..6")]
ERRORS = ["EIO", "ENOSPC"]
EVERY_ONE = [(call, when, error) for call, when in CALLS for error in ERRORS]
MORE_CALLS = [("fdatasync", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")] if FULL else []
NOW_AND_THEN = {"fdatasync": "2..20+3", "pwrite64": "3..60+7"}
"""So that forms, letters and destructions all meet it."""
AFTER_A_LOGIN = {"fdatasync": "6..7", "pwrite64": "30..33"}
LOOKS = 100


def failing(hall: Hall, store: str, call: str, when: str, error: str) -> list[str]:
    """The words before a service in whose threads some calls on one store's log fail."""
    log = hall.directory / f"{store}.sqlite3-wal"
    quietly = ["-f", "--seccomp-bpf", "-o", "/dev/null"]
    return [strace(), *quietly, "-P", str(log), "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"]


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
@pytest.mark.parametrize(("call", "when", "error"), EVERY_ONE)
def test_an_error_of_the_disk_is_refused_and_service_goes_on(
    hall: Hall, call: str, when: str, error: str, closes: Closing
) -> None:
    """The events' log fails for a while in the middle of the work, and the same forms are sent until they are taken."""
    ledger, refused = Ledger(), 0
    with Service(hall, wrapper=failing(hall, "events", call, when, error)) as service:
        site = Site(service.port)
        for number in range(12):
            refused += send_until_taken(site, str(number), ledger)
        site.leave()
        assert service.stop() == 0
    assert refused > 0
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"P2: {error} in {call} of the events' log, {refused} refused with 503, {ledger.acknowledged} taken, 0 partial"
    )


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
@pytest.mark.parametrize(("call", "error"), [("fdatasync", "EIO"), *MORE_CALLS])
def test_keys_that_cannot_be_written_are_refused_and_a_closure_stands(
    hall: Hall, call: str, error: str, closes: Closing
) -> None:
    """Without a key no form is taken; a key that cannot be destroyed is left to the sweep, and the closure is told."""
    ledger, refused = Ledger(), 0
    with Service(hall, wrapper=failing(hall, "keys", call, NOW_AND_THEN[call], error)) as service:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        for number in range(12):
            refused += send_until_taken(site, str(number), ledger)
            reference = ledger.forms[str(number)]
            for action, fact, fields in (LIFE[0], LIFE[-1]):
                refused += act_until_done(lea, reference, action, fields, f"{number}-{action}")
                ledger.steps[f"{number}-{action}"] = (reference, fact)
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    assert refused > 0
    with hall.opened() as installation:
        finish_erasures(worker_parts(installation, "http://127.0.0.1", None), now())
        assert not installation.keyring.keys([demand_id(reference) for reference in ledger.forms.values()])
    audit(hall, ledger).require_nothing()
    verified(hall)
    swept = service.log.read_text().count('"logger": "suivi.domain"')
    assert swept > 0 or call == "pwrite64", "no destruction met it"
    closes(
        f"P2: {error} in {call} of the keys' log, {refused} refused with 503, {ledger.acknowledged} taken, 0 partial, "
        f"{swept} keys left to the sweep, 0 of closed demands afterwards"
    )


def act_until_done(lea: AtWork, reference: str, action: str, fields: Mapping[str, str], command: str) -> int:
    """Send one command until it is taken; how often it was refused, each time in French."""
    for refused in range(100):
        answer = lea.act(reference, action, {**fields, "command_id": command})
        if answer.status == 303:
            return refused
        require_refusal(answer)
    raise AssertionError("never taken again")


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
@pytest.mark.parametrize(("call", "error"), [("fdatasync", "EIO"), *MORE_CALLS])
def test_whoever_looks_is_noted_or_refused(hall: Hall, call: str, error: str, closes: Closing) -> None:
    """The accounts' log fails: nobody sees a citizen's content unless it is noted; afterwards one logs in again."""
    with hall.opened() as installation:
        (reference,) = taken(installation, 1)
    seen = refused = 0
    with Service(hall, wrapper=failing(hall, "accounts", call, AFTER_A_LOGIN[call], error)) as service:
        lea = AtWork(service.port, "lea")
        for _ in range(LOOKS):
            answer = lea.ask("GET", f"/demandes/{reference}")
            if answer.status == 200:
                seen += 1
            else:
                require_refusal(answer)
                refused += 1
        again = AtWork(service.port, "lea")
        for visitor in (lea, again):
            visitor.leave()
        assert service.stop() == 0
    assert refused > 0
    with hall.opened() as installation:
        assert len(installation.access_log.of(reference)) == seen
    verified(hall)
    closes(f"P2: {error} in {call} of the accounts' log, {refused} refused with 503, {seen} looks noted, 0 unnoted")


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
@pytest.mark.parametrize("error", ERRORS if FULL else ["ENOSPC"])
def test_lists_that_cannot_be_written_cost_nobody_a_command(hall: Hall, error: str, closes: Closing) -> None:
    """They are behind for a while, ``/health/ready`` says so, and they follow without a restart."""
    ledger, behind = Ledger(), 0
    with Service(hall, wrapper=failing(hall, "views", "pwrite64", "3..6", error)) as service:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        for number in range(12):
            assert send_until_taken(site, str(number), ledger) == 0
            assert act_until_done(lea, ledger.forms[str(number)], *LIFE[0][::2], str(number)) == 0
            ledger.steps[str(number)] = (ledger.forms[str(number)], LIFE[0][1])
            behind += site.ask("GET", "/health/ready").status == 503
        until(lambda: site.ask("GET", "/health/ready").status == 200, 10, "the lists follow")
        listed = lea.ask("GET", "/demandes/en-cours").text
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    stopped = service.log.read_text().count("projection_stopped")
    assert stopped > 0
    assert all(reference in listed for reference in ledger.forms.values())
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"P2: {error} in pwrite64 of the views' log, {stopped} times lists fell behind, {behind} times told by "
        f"/health/ready, {ledger.acknowledged} taken, 0 refused"
    )


def send_until_taken(site: Site, key: str, ledger: Ledger) -> int:
    """Send one form until it is taken; how often it was refused, each time in French."""
    ledger.tried.add(key)
    for refused in range(100):
        answer = site.submit(key)
        if answer.status in (200, 201):
            ledger.forms[key] = answer.json["reference"]
            return refused
        require_refusal(answer)
    raise AssertionError("never taken again")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; only root may make one."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        raise unable("a small tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if made.returncode:
        raise unable(f"a small tmpfs cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@only_sqlite
@pytest.mark.xdist_group("faults-disk")
def test_a_full_disk_is_refused_and_service_goes_on_once_there_is_space(
    small_disk: Path, furnished: Callable[[str], Hall], closes: Closing
) -> None:
    """The log of the service lies on the full disk as well."""
    ledger, refused = Ledger(), 0
    spaces = range(0, 4_096 * count(3, 40), 4_096)
    with copied(furnished("sqlite"), small_disk / "var") as hall, Service(hall) as service:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        for free in spaces:
            open_demand = taken_by(lea, site, f"open-{free}", ledger)
            fill(small_disk, free)
            refused += write_until_refused(site, lea, open_demand, ledger, f"full-{free}")
            (small_disk / "ballast").unlink()
            live(site, lea, f"after-{free}", ledger)
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"P2: disk full {len(spaces)} times, {refused} refused with 503 in French, {ledger.acknowledged} taken, "
        "0 partial, no restart"
    )


def taken_by(lea: AtWork, site: Site, key: str, ledger: Ledger) -> str:
    """A demand in progress."""
    send_until_taken(site, key, ledger)
    assert lea.act(ledger.forms[key], "prise-en-compte", {}).status == 303
    return ledger.forms[key]


def fill(disk: Path, free: int) -> None:
    """Fill the disk, then give back so many bytes: the service goes on writing while the disk is filled."""
    block = b"\0" * os.statvfs(disk).f_frsize
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(block):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        ballast.truncate(max(0, ballast.tell() - free))


def write_until_refused(site: Site, lea: AtWork, demand: str, ledger: Ledger, key: str) -> int:
    """Forms and events until three are refused; a log that was emptied before has room for some."""
    refused = 0
    for number in range(400):
        name = f"{key}-{number}"
        if number % 2:
            answer = lea.act(demand, "evenements", {"event_type": "appel_usager", "command_id": name})
            if answer.status == 303:
                ledger.steps[name] = (demand, "EventAdded")
                continue
        else:
            ledger.tried.add(name)
            answer = site.submit(name)
            if answer.status == 201:
                ledger.forms[name] = answer.json["reference"]
                continue
        require_refusal(answer)
        refused += 1
        if refused == 3:
            return refused
    raise AssertionError("the disk never was full")
