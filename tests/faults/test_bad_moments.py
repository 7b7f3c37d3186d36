"""Bad moments: starts that race, clocks that step back, processes that slept, facts that cannot be read."""

import os
import signal
import sqlite3
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import Envelope
from eventsourcing.persistence import StoredEvent
from sqlalchemy import select, update

from domain.demand import Demand
from domain.errors import Erased, Overtaken
from domain.letters import LetterKind
from domain.references import demand_id
from domain.townhall import TOWNHALL_ID
from store.events import stored_events
from store.keyring import keys
from store.leases import Leases
from suivi.compose import Installation
from suivi.opening import now
from tests.faults.audit import audit, verified
from tests.faults.closing import FULL, Closing
from tests.faults.hall import Hall, by_hand, demands, queued, taken
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, suivi
from tests.faults.stores import small_on_postgres, small_on_sqlite, stores_of
from tests.faults.visitors import Site
from tests.faults.waiting import PROMISED_S, is_stopped, until
from tests.installations import Town
from tests.projections.random_lives import STATE_CIVIL
from tests.store.examples import golden_file
from tests.workers.smtp import Inbox, mail_server

AWAKE = 20
INITS = 3
LEASE_OVER_S = 240
FUTURE = "demand.from-the-future:9"


@small_on_postgres
@pytest.mark.xdist_group("faults-starts")
def test_three_starting_processes_make_one_town_hall(tmp_path: Path, stores: str, closes: Closing) -> None:
    with stores_of(stores) as found:
        hall = Hall(tmp_path / "var", {"SUIVI_DATA_DIR": str(tmp_path / "var")} | found)
        ended = [command.done() for command in [suivi(hall, "init") for _ in range(INITS)]]
        assert [code for code, _, _ in ended] == [0] * INITS, ended
        verified(hall)
        with hall.opened() as installation:
            assert len(installation.people.procedures()) == 15
            assert len(installation.stores.epochs.names()) == 1
    closes(f"Bad moments: {INITS} starting processes made one town hall, one master secret and one epoch")


@small_on_sqlite
def test_a_clock_that_steps_back_neither_stops_the_office_nor_unsorts_a_history(tmp_path: Path, stores: str) -> None:
    town = Town(tmp_path / "var", kind=stores)
    lea = town.agent("lea", STATE_CIVIL)
    reference = town.submit()
    town.clock.move(hours=-3)
    town.act(reference, lea, "take_in_charge")
    town.clock.move(days=-2)
    town.act(reference, lea, "close", "traitee", "fini", ("Sujet", "Corps"))
    instants = [fact.timestamp for fact in town.office.dossier(reference, None).facts]
    assert instants == sorted(instants)
    assert town.installation.keyring.keys([demand_id(reference)]) == {}
    verified(Hall(tmp_path / "var", town.environment))
    town.close()


def test_jobs_run_on_after_the_clock_stepped_back(tmp_path: Path, stores: str) -> None:
    """A job done « tomorrow », or leased until then by a process that died, does not wait until tomorrow."""
    town = Town(tmp_path / "var", kind=stores)
    leases: Leases = town.installation.leases
    every = lease = timedelta(seconds=15)
    assert leases.take("erasures", town.clock(), lease, every)
    leases.done("erasures", town.clock())
    town.clock.move(days=-1)
    assert leases.take("erasures", town.clock(), lease, every)
    town.clock.move(days=-1)
    town.clock.move(seconds=1)
    assert leases.take("erasures", town.clock(), lease, every)
    assert not leases.take("erasures", town.clock(), lease, every)
    town.close()


def test_letters_leave_although_the_clock_stepped_back(tmp_path: Path, stores: str) -> None:
    """A letter queued « tomorrow » leaves today, and one claimed « tomorrow » by a process that died as well."""
    town = Town(tmp_path / "var", kind=stores)
    outbox, lease, longest = town.installation.outbox, timedelta(minutes=2), timedelta(hours=4)
    town.submit()
    town.clock.move(days=-1)
    assert outbox.due(town.clock(), 10) == []
    assert outbox.pull_back(town.clock(), longest) == 1
    (mail_id,) = outbox.due(town.clock(), 10)
    assert outbox.claim(mail_id, town.clock(), lease) is not None
    town.clock.move(days=-1)
    assert outbox.pull_back(town.clock(), longest) == 1
    assert outbox.due(town.clock(), 10) == [mail_id]
    assert outbox.claim(mail_id, town.clock(), lease) is not None
    assert outbox.due(town.clock(), 10) == []
    town.close()


STALE = {
    "an event": lambda demand: demand.add_event("appel_usager", "il rappellera"),
    "a letter": lambda demand: demand.send_mail(LetterKind.CONTACT, "Sujet", "Corps"),
    "a closure": lambda demand: demand.close("refusee", "fini", ("Sujet", "Corps")),
}


@small_on_sqlite
@pytest.mark.parametrize("decided", ["before", "after"])
@pytest.mark.parametrize("what", STALE)
def test_a_stale_process_adds_nothing_to_a_closed_demand(hall: Hall, what: str, decided: str) -> None:
    with hall.opened() as one, hall.opened() as other:
        (reference,) = taken(one, 1)
        steps = [lambda _: close_as_max(other, reference)]
        steps.insert(0 if decided == "before" else 1, STALE[what])
        with pytest.raises(Overtaken) as refused:
            act_as_lea(one, reference, steps)
        assert refused.value.by == "max"
        require_fenced(one, reference)


def act_as_lea(installation: Installation, reference: str, steps: list[Any]) -> None:
    """Load the demand, then take the steps, then save."""
    lea = installation.office.directory.agent("lea")
    with installation.office.demand(reference, by=lea, command=by_hand("agent:lea")) as demand:
        for step in steps:
            step(demand)


def close_as_max(installation: Installation, reference: str) -> None:
    """From start to end, in another process's stead."""
    max_ = installation.office.directory.agent("max")
    with installation.office.demand(reference, by=max_, command=by_hand("agent:max")) as demand:
        demand.close("traitee", "fini", ("Sujet", "Corps"))


def require_fenced(installation: Installation, reference: str) -> None:
    """Closed once, nothing after, and no key for ever."""
    identity = demand_id(reference)
    names = [fact.name for fact in installation.register.facts(identity)]
    assert names[-3:] == ["Closed", "MailRequested", "PersonalDataErased"]
    assert names.count("Closed") == 1
    with pytest.raises(Erased):
        installation.keyring.mint([identity], "demand", now())
    with installation.stores.keys.connect() as connection:
        row = connection.execute(select(keys).where(keys.c.owner == identity)).one()
    assert (row.state, row.wrapped, row.epoch) == ("destroyed", None, None)


@small_on_sqlite
@pytest.mark.xdist_group("faults-sleeper")
def test_a_service_that_sleeps_and_wakes_loses_and_doubles_nothing(hall: Hall, closes: Closing) -> None:
    """It is stopped with a letter in its hands; another one serves meanwhile; then it goes on where it was.

    In full it sleeps until its lease is over and the other one has delivered its letter as well. Not inside a write:
    whoever is stopped there keeps SQLite's lock, and the others answer 503 until it goes on.
    """
    inbox, ledger = Sleeper(hall), Ledger()
    with mail_server(inbox) as mail_port:
        smtp = f"smtp://127.0.0.1:{mail_port}"
        with Service(hall, SUIVI_SMTP_URL=smtp) as sleeper:
            inbox.stops = sleeper.pid
            ask(Site(sleeper.port), "the first")
            assert inbox.asleep.wait(PROMISED_S)
            with Service(hall, SUIVI_SMTP_URL=smtp) as other:
                load = Load(other.port, ledger)
                load.begin()
                until(lambda: ledger.acknowledged >= AWAKE, PROMISED_S, "another service works on")
                if FULL:
                    load.end()
                    until(lambda: not queued(hall), LEASE_OVER_S, "the other one delivers the sleeper's letter")
                    load.begin()
                sleeper.signal(signal.SIGCONT)
                inbox.awake.set()
                before = ledger.acknowledged
                until(lambda: ledger.acknowledged >= before + AWAKE, PROMISED_S, "both work on")
                load.end()
                until(lambda: not queued(hall), PROMISED_S, "every letter has left")
                assert [other.stop(), sleeper.stop()] == [0, 0]
    ledger.tried.add("the first")
    assert ledger.wrong == []
    audit(hall, ledger).require_nothing()
    sent = Counter(fact.mail_id for fact in hall.facts() if isinstance(fact, Demand.MailSent))
    requested = [fact.mail_id for fact in hall.facts() if isinstance(fact, Demand.MailRequested)]
    assert set(sent) == set(requested)
    assert set(sent.values()) == {1}
    doubled = len(inbox.letters) - len(requested)
    assert doubled == FULL
    assert len({message_id(letter) for letter in inbox.letters}) == len(requested)
    verified(hall)
    closes(
        f"Bad moments: a worker stopped with a letter in hand and continued, {ledger.acknowledged} acknowledged, "
        f"{len(requested)} letters, {doubled} came twice with its Message-ID, 0 facts lost or doubled"
    )


def message_id(letter: Envelope) -> str:
    content = letter.content
    assert isinstance(content, bytes)
    return str(message_from_bytes(content)["Message-ID"])


class Sleeper(Inbox):
    """A mail server that puts the sender of the first letter to sleep before it answers."""

    def __init__(self, hall: Hall) -> None:
        super().__init__()
        self._hall = hall
        self.stops: int | None = None
        self.asleep, self.awake = Event(), Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 — aiosmtpd's name
        if self.stops is not None:
            put_to_sleep(self.stops, self._hall)
            self.stops = None
            self.asleep.set()
        return await super().handle_DATA(server, session, envelope)


def put_to_sleep(pid: int, hall: Hall) -> None:
    """Stop a process at a moment when it writes nothing."""
    for _ in range(200):
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_stopped(pid), 5, "asleep")
        if not any(map(is_locked, hall.directory.glob("*.sqlite3"))):
            return
        os.kill(pid, signal.SIGCONT)
    raise AssertionError("it always writes")


def is_locked(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


def ask(site: Site, key: str) -> str:
    """A form that comes in over a connection of its own."""
    reference: str = site.submit(key).json["reference"]
    site.leave()
    return reference


@small_on_sqlite
@pytest.mark.xdist_group("faults-unreadable")
def test_a_fact_that_cannot_be_read_stops_the_lists_and_nothing_else(hall: Hall, closes: Closing) -> None:
    with Service(hall) as service:
        site = Site(service.port)
        assert readiness(site) == (200, {})
        with hall.opened() as installation:
            unreadable(installation)
        reference = site.submit("during").json["reference"]
        assert readiness(site) == (503, {"views": "UnreadableFact"})
        assert '"projection_stopped"' in service.log.read_text()
        assert site.submit("during").json["reference"] == reference
        site.leave()
        assert service.stop() == 0
    with Service(hall) as service:
        site = Site(service.port)
        assert readiness(site) == (503, {"views": "UnreadableFact"})
        upgrade(hall)
        until(lambda: readiness(site) == (200, {}), PROMISED_S, "the lists go on")
        site.leave()
        assert service.stop() == 0
    with hall.opened() as installation:
        assert installation.projector.position().notification_id == installation.register.head()
    assert reference in demands(hall.facts())
    closes("Bad moments: an unreadable fact stops the lists, not the intake; 503 and a log line; an upgrade goes on")


def unreadable(installation: Installation) -> None:
    """A fact of a version that this program does not know yet."""
    future = StoredEvent(UUID(int=7), 1, FUTURE, b"{}")
    installation.register.recorder.insert_events([future])


def upgrade(hall: Hall) -> None:
    """Teach the store's fact a topic that this program knows: here, a service of the town hall."""
    with hall.opened() as installation:
        townhall = installation.office.directory.townhall()
        state = golden_file("townhall.service-set:1").read_bytes()
        known = {"topic": "townhall.service-set:1", "state": state}
        known |= {"originator_id": TOWNHALL_ID, "originator_version": townhall.version + 1}
        with installation.stores.events.begin() as connection:
            connection.execute(update(stored_events).where(stored_events.c.topic == FUTURE).values(known))


def readiness(site: Site) -> tuple[int, dict[str, str]]:
    answer = site.ask("GET", "/health/ready")
    return answer.status, answer.json["reasons"]
