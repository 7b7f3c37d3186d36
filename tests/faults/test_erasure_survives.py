"""P5b: erasure survives a crash inside a closure; a crash inside a turn of the epoch loses no key."""

import signal
from random import Random
from uuid import UUID

import pytest

from domain.demand import Demand
from domain.references import demand_id
from suivi.compose import Installation
from tests.faults.audit import verified
from tests.faults.closers import POINTS, TURN_POINTS, close_and_die, close_many, turn_and_die
from tests.faults.closing import FULL, Closing, count
from tests.faults.hall import Hall, by_hand, taken
from tests.faults.service import NURSERY, Service, child, suivi
from tests.faults.stores import small_on_sqlite
from tests.faults.waiting import until

ERASED_WITHIN_S = 60


def erased_with_a_key(installation: Installation) -> list[UUID]:
    """Demands whose data are said to be erased and whose key still exists."""
    facts = (installation.register.fact(stored) for stored in installation.register.notifications(0, 1 << 30))
    erased = [fact.originator_id for fact in facts if isinstance(fact, Demand.PersonalDataErased)]
    return sorted(installation.keyring.keys(erased))


def killed_while_closing(hall: Hall, references: list[str], wait: float) -> None:
    """A process that closes one demand after the other, killed a moment after its first."""
    reader, writer = NURSERY.Pipe(duplex=False)
    with child(close_many, hall.environment, references, writer) as process:
        writer.close()
        assert reader.recv() == references[0]
        process.join(wait)  # the point of the kill, not a wait for anything
        process.kill()
        process.join(20)
        assert process.exitcode in (0, -signal.SIGKILL)
    reader.close()


@pytest.mark.xdist_group("faults-erasure")
def test_a_closure_cut_short_is_finished_by_itself(hall: Hall, stores: str, closes: Closing) -> None:
    kills, random = count(16 if stores == "sqlite" else 8, 100), Random(5)
    with hall.opened() as installation:
        references = taken(installation, kills)
    half = kills // 2
    for number, reference in enumerate(references[:half]):
        with child(close_and_die, hall.environment, reference, POINTS[number % len(POINTS)]) as process:
            process.join(20)
            assert process.exitcode == -signal.SIGKILL
    for first in range(half, kills):
        killed_while_closing(hall, references[first : first + 1], random.uniform(0, 0.04))
    with hall.opened() as installation:
        left = len(erased_with_a_key(installation))
        assert left >= half // len(POINTS)
        if FULL:
            Service(hall).kill()  # its clock leaves a lease behind
        with Service(hall) as service:
            took = until(lambda: not erased_with_a_key(installation), ERASED_WITHIN_S, "every key destroyed")
            assert service.stop() == 0
        still_open = installation.keyring.keys([demand_id(reference) for reference in references])
    closed = sum(isinstance(fact, Demand.PersonalDataErased) for fact in hall.facts())
    assert closed + len(still_open) == kills
    verified(hall)
    code, out, err = suivi(hall, "erasure", "scan").done()
    assert code == 0, out + err
    closes(
        f"P5b: {kills} kills inside closing, {closed} recorded, {left} of them with a key left, "
        f"destroyed by itself in {took:.0f} s (60 allowed), 0 left"
    )


@small_on_sqlite
@pytest.mark.xdist_group("faults-erasure")
def test_a_turn_of_the_epoch_cut_short_loses_no_key_and_is_finished(hall: Hall, closes: Closing) -> None:
    with hall.opened() as installation:
        kept, closed = taken(installation, 4), taken(installation, len(TURN_POINTS))
    for reference, point in zip(closed, TURN_POINTS, strict=True):
        turn_cut_short(hall, reference, point, kept)
    verified(hall)
    closes(f"P5b: {len(TURN_POINTS)} kills inside a turn of the epoch, every key opens, every old epoch is gone")


def turn_cut_short(hall: Hall, reference: str, point: str, kept: list[str]) -> None:
    """Close one demand, die while the epoch turns, and turn it again."""
    with hall.opened() as installation:
        with installation.office.demand_of_job(demand_id(reference), by_hand("agent:lea")) as demand:
            demand.close("traitee", "fini", ("Sujet", "Corps"))
        before = set(installation.stores.epochs.names())
    with child(turn_and_die, hall.environment, point) as process:
        process.join(20)
        assert process.exitcode == -signal.SIGKILL
    with hall.opened() as installation:
        require_readable(installation, kept)
        installation.keyring.turn()
        names = set(installation.stores.epochs.names())
        assert (len(names), names & before) == (1, set())
        require_readable(installation, kept)


def require_readable(installation: Installation, references: list[str]) -> None:
    lea = installation.office.directory.agent("lea")
    for reference in references:
        assert installation.office.dossier(reference, lea).applicant is not None
