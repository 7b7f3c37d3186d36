"""Work on many demands survives whoever carries it out: each demand is closed once, whatever is killed and when."""

import signal
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import update

from domain.bulk import JOB, Asked
from domain.demand import Demand
from domain.facts import Fact
from domain.letters import LetterKind
from domain.references import demand_id
from store.accounts import leases
from store.operation_rows import operations
from store.operations import Operation
from store.transactions import writing
from suivi.compose import Installation
from suivi.opening import now
from tests.faults.audit import verified
from tests.faults.closing import FULL, Closing, count
from tests.faults.hall import Hall, demands, taken
from tests.faults.operators import POINTS, operate_and_die
from tests.faults.service import Service, child, suivi
from tests.faults.stores import small_on_sqlite
from tests.faults.visitors import AtWork
from tests.faults.waiting import PROMISED_S, until

IDENTITY = UUID(int=11)


def ask(installation: Installation, references: list[str]) -> None:
    """Léa asks to close these, with a letter to each citizen."""
    key = installation.keyring.mint([IDENTITY], JOB, now())[IDENTITY]
    details = Asked(outcome="traitee", comment="fini", letter=True).sealed(key, IDENTITY)
    asked = Operation(IDENTITY, "lea", "close", len(references), now(), "/demandes/en-cours", details)
    assert installation.operations.add(asked, references)


def until_now(condition: Callable[[], bool]) -> None:
    """Ask without a pause, for the moment lasts some milliseconds."""
    assert any(condition() for _ in range(1_000_000))


def ended(installation: Installation, identity: UUID) -> bool:
    found = installation.operations.find(identity)
    return found is not None and found.ended_at is not None


def require_closed_once(hall: Hall, references: list[str]) -> None:
    """Every demand, its letter and its erasure, once; no key of any of them."""
    histories = demands(hall.facts())
    for reference in references:
        facts = histories[reference]
        for kind in (Demand.Closed, Demand.PersonalDataErased):
            assert sum(isinstance(fact, kind) for fact in facts) == 1, reference
        assert sum(_is_closing_letter(fact) for fact in facts) == 1, reference
    with hall.opened() as installation:
        assert not installation.keyring.keys([demand_id(reference) for reference in references])
        assert not installation.keyring.active(JOB)
        mails = [mail for mail in installation.outbox.latest(10_000) if mail.kind == LetterKind.CLOSURE]
        assert len({mail.demand_id for mail in mails}) == len(mails) == len(references)


def _is_closing_letter(fact: Fact) -> bool:
    return isinstance(fact, Demand.MailRequested) and fact.kind == LetterKind.CLOSURE


@pytest.mark.xdist_group("faults-operations")
def test_a_bulk_closure_is_finished_whatever_dies_inside(hall: Hall, closes: Closing) -> None:
    kills, group = count(len(POINTS), 60), 5
    number = (kills + 2) * group
    with hall.opened() as installation:
        references = taken(installation, number)
        ask(installation, references)
    deaths = 0
    for turn in range(kills):
        with child(operate_and_die, hall.environment, POINTS[turn % len(POINTS)], group, kills - turn) as process:
            process.join(20)
            assert process.exitcode in (0, -signal.SIGKILL)
            deaths += process.exitcode == -signal.SIGKILL
    assert deaths >= kills - kills // len(POINTS)  # a group whose facts stand already has none to die before
    with hall.opened() as installation:
        halfway = installation.operations.find(IDENTITY)
        assert halfway is not None
        assert 0 < halfway.handled < number
        with Service(hall) as service:
            took = until(lambda: ended(installation, IDENTITY), PROMISED_S, "the operation ended")
            until(lambda: not installation.keyring.active(JOB), PROMISED_S, "its key destroyed")
            until(lambda: not _with_keys(installation, references), PROMISED_S, "every key destroyed")
            assert service.stop() == 0
        assert installation.operations.tally(IDENTITY) == {("done", None): number}
    require_closed_once(hall, references)
    verified(hall)
    code, out, err = suivi(hall, "erasure", "scan").done()
    assert code == 0, out + err
    closes(
        f"bulk: {deaths} kills inside the closure of {number}, each closed once, ended {took:.0f} s later, 0 keys left"
    )


def let_leases_end(installation: Installation) -> None:
    """As half a minute later, which only ``make faults`` waits for: what the killed one held is anybody's."""
    with writing(installation.stores.accounts) as connection:
        connection.execute(update(operations).values(leased_until=0))
        connection.execute(update(leases).values(leased_until=0, done_at=None))


def _with_keys(installation: Installation, references: list[str]) -> bool:
    return bool(installation.keyring.keys([demand_id(reference) for reference in references]))


@small_on_sqlite
@pytest.mark.xdist_group("faults-operations")
def test_a_server_killed_after_its_answer_resumes_what_was_asked(hall: Hall, closes: Closing) -> None:
    number = 300
    with hall.opened() as installation:
        references = taken(installation, number)
        before = installation.register.head()
    fields = {"action": "close", "scope": "page", "references": " ".join(references), "confirmed": "1"}
    with Service(hall) as service:
        lea = AtWork(service.port, "lea")
        answer = lea.post("/demandes/selection", fields | {"outcome": "traitee", "comment": "fini", "decision": "send"})
        with hall.opened() as installation:
            until_now(lambda: installation.register.head() > before)
            service.kill()
        lea.leave()
    assert answer.status == 303, answer.text
    with hall.opened() as installation:
        (operation,) = installation.operations.latest("lea", 2)
        handled = operation.handled
        if not FULL:
            let_leases_end(installation)
        with Service(hall) as service:
            took = until(lambda: ended(installation, operation.id), PROMISED_S, "the operation ended")
            lea = AtWork(service.port, "lea")
            assert f"{number} sur {number}" in lea.ask("GET", f"/operations/{operation.id}").text
            lea.leave()
            until(lambda: not installation.keyring.active(JOB), PROMISED_S, "its key destroyed")
            until(lambda: not _with_keys(installation, references), PROMISED_S, "every key destroyed")
            assert service.stop() == 0
    require_closed_once(hall, references)
    closes(
        f"bulk: a server killed at {handled} of {number} closures, resumed and ended in {took:.0f} s, 0 closed twice"
    )
