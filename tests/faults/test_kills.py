"""P1: an acknowledged command is never lost, wherever the service dies."""

import time
from collections import Counter
from random import Random

import pytest

from domain.demand import Demand
from domain.references import demand_id
from suivi.opening import now
from suivi.serving import worker_parts
from tests.faults.audit import Audit, audit, verified
from tests.faults.clockwork import LEASE_OVER_S
from tests.faults.closing import Closing, count
from tests.faults.hall import Hall, by_hand
from tests.faults.letters import behind, finish, taken
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, WorkerProcess, ahead_by, free_port
from tests.faults.stores import only_sqlite
from tests.faults.visitors import Site
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import Inbox
from workers.sweep import finish_erasures

LONGEST_BURST_S = 0.4


@pytest.mark.xdist_group("faults-kills")
def test_what_was_acknowledged_survives_a_kill_at_any_point(
    hall: Hall, stores: str, smtp_url: str, closes: Closing
) -> None:
    kills, ledger, port, random = count(12 if stores == "sqlite" else 4, 100), Ledger(), free_port(), Random(1)
    service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    load = Load(port, ledger)
    for _ in range(kills):
        load.begin()
        time.sleep(random.uniform(0, LONGEST_BURST_S))  # the point of the kill, not a wait for anything
        service.kill()
        load.end()
        service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    with service:
        assert service.stop() == 0
    found = require_all_there(hall, ledger)
    closes(
        f"P1: {kills} kills, {ledger.acknowledged} acknowledged, {len(found.lost)} lost, {len(found.partial)} partial"
    )


@pytest.mark.redis
@pytest.mark.xdist_group("faults-kills")
def test_a_worker_behind_redis_may_be_killed_at_any_point_as_well(
    hall: Hall, stores: str, inbox: Inbox, smtp_url: str, own_redis: OwnRedis, closes: Closing
) -> None:
    """One or the other dies under the load, and what the dead worker had in hand leaves once nothing dies any more."""
    kills, ledger, port, random = count(9 if stores == "sqlite" else 5, 100), Ledger(), free_port(), Random(2)
    hall = behind(hall, own_redis)
    service, worker = Service(hall, port), WorkerProcess(hall, SUIVI_SMTP_URL=smtp_url)
    load, deaths = Load(port, ledger), Counter[str]()
    for kill in range(kills):
        load.begin()
        time.sleep(random.uniform(0, LONGEST_BURST_S))  # the point of the kill, not a wait for anything
        victim = worker if kill % 2 == 0 else service
        victim.kill()
        load.end()
        deaths["worker" if victim is worker else "service"] += 1
        if victim is worker:
            worker = WorkerProcess(hall, SUIVI_SMTP_URL=smtp_url)
        else:
            service = Service(hall, port)
    with service, worker:
        assert [service.stop(), worker.stop()] == [0, 0]
    with hall.opened() as installation:
        finish(installation, hall, int(smtp_url.rpartition(":")[2]), ahead_by(LEASE_OVER_S), intakes_died=True)
    found, letters = require_all_there(hall, ledger), Counter(name for _, name in taken(inbox))
    assert len(letters) == requested(hall)
    closes(
        f"P1: {deaths['worker']} kills of a worker and {deaths['service']} of its service, {ledger.acknowledged} "
        f"acknowledged, {len(found.lost)} lost, {len(found.partial)} partial, {len(letters)} letters, 0 missing"
    )


def require_all_there(hall: Hall, ledger: Ledger) -> Audit:
    """Nothing lost, nothing half done, nobody told of an error, and every store sound."""
    with hall.opened() as installation:  # what the clock would do once the lease of a killed one is over (P5b)
        finish_erasures(worker_parts(installation, "http://127.0.0.1", None), now())
    found = audit(hall, ledger)
    found.require_nothing()
    assert ledger.wrong == []
    verified(hall)
    return found


def requested(hall: Hall) -> int:
    """How many letters the histories ask for."""
    return sum(isinstance(fact, Demand.MailRequested) for fact in hall.facts())


@only_sqlite
def test_the_audit_is_able_to_fail(hall: Hall) -> None:
    ledger = Ledger()
    with Service(hall) as service:
        site = Site(service.port)
        reference = site.submit("a key").json["reference"]
        site.leave()
        assert service.stop() == 0
    ledger.forms, ledger.tried = {"a key": reference}, {"a key"}
    assert audit(hall, ledger) == Audit([], [])
    ledger.forms["another"] = "AEN-0000-0000-0000"
    ledger.steps["c1"] = (reference, "Closed")
    with hall.opened() as installation:
        with installation.office.demand_of_job(demand_id(reference), by_hand("agent:lea")) as demand:
            demand.take_in_charge()
        with installation.office.demand_of_job(demand_id(reference), by_hand("agent:lea")) as demand:
            demand.demand.close("traitee")  # without the erasure that must follow
        installation.keyring.destroy([demand_id(reference)], now())
    found = audit(hall, ledger)
    assert found.lost == ["form AEN-0000-0000-0000", f"Closed of {reference}"]
    assert found.partial == [
        f"{reference}: Closed",
        "AEN-0000-0000-0000: its key names None",
        f"{reference}: open without a key",
    ]
