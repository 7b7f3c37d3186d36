"""P2: the answer follows the fsync; an I/O error or a full disk is a clean refusal, and service goes on afterwards."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.audit import audit, verified
from tests.faults.closing import Closing, count, unable
from tests.faults.hall import Hall, copied
from tests.faults.load import LIFE, Ledger
from tests.faults.service import Service
from tests.faults.stores import only_sqlite
from tests.faults.tracing import SENDS, SYNCS, WRITES, Call, read_trace, strace, traced
from tests.faults.visitors import AtWork, Site, require_refusal

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


@only_sqlite
@pytest.mark.xdist_group("faults-strace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize(("call", "when"), [("fdatasync", "2..3"), ("pwrite64", "3..6")])
def test_an_error_of_the_disk_is_refused_and_service_goes_on(
    hall: Hall, call: str, when: str, error: str, closes: Closing
) -> None:
    """The events' log fails for a while in the middle of the work, and the same forms are sent until they are taken."""
    log, ledger, refused = hall.directory / "events.sqlite3-wal", Ledger(), 0
    inject = f"{call}:error={error}:when={when}"
    wrapper = [
        strace(),
        "-f",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-P",
        str(log),
        "-e",
        f"trace={call}",
        "-e",
        f"inject={inject}",
    ]
    with Service(hall, wrapper=wrapper) as service:
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
