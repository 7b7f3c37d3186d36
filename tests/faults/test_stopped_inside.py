"""Others stopped while they hold a lock, and a server that hangs up: a clean 503 in French, and nothing lost."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from tests.databases import server_url
from tests.faults.audit import audit, verified
from tests.faults.closers import stop_inside_a_write
from tests.faults.closing import Closing
from tests.faults.hall import Hall, taken
from tests.faults.load import Ledger
from tests.faults.service import Service, child
from tests.faults.stores import only_postgres, small_on_sqlite, url_of
from tests.faults.visitors import AtWork, Site, require_refusal
from tests.faults.waiting import PROMISED_S, is_stopped, until


@contextmanager
def stopped_inside(hall: Hall, place: str) -> Iterator[int]:
    """A process that is stopped inside a write to one store, until it is told to go on."""
    with child(stop_inside_a_write, hall.environment, place) as process:
        until(lambda: is_stopped(process.pid), PROMISED_S, f"stopped inside a write to {place}")
        yield process.pid
        os.kill(process.pid, signal.SIGCONT)
        process.join(20)
        assert process.exitcode == 0


@small_on_sqlite
@pytest.mark.xdist_group("faults-stopped")
def test_a_process_stopped_inside_a_write_makes_others_answer_503_and_nothing_is_lost(
    hall: Hall, stores: str, closes: Closing
) -> None:
    """Forms need the keys; what an agent notes needs only the events, whose lock no process of PostgreSQL's holds."""
    ledger, places = Ledger(), ("keys", "events") if stores == "sqlite" else ("keys",)
    with hall.opened() as installation:
        (reference,) = taken(installation, 1)
    with Service(hall) as service, ThreadPoolExecutor() as together:
        site, lea = Site(service.port), AtWork(service.port, "lea")
        note = {"event_type": "appel_usager", "comment": "il rappellera", "command_id": "a note"}
        with ExitStack() as stopped:
            for place in places:
                stopped.enter_context(stopped_inside(hall, place))
            form = together.submit(site.submit, "a form")
            noted = together.submit(lea.act, reference, "evenements", note) if "events" in places else None
            require_refusal(form.result())
            if noted is not None:
                require_refusal(noted.result())
        answer = site.submit("a form")
        assert answer.status == 201
        ledger.forms, ledger.tried = {"a form": answer.json["reference"]}, {"a form"}
        assert lea.act(reference, "evenements", note).status == 303
        for visitor in (site, lea):
            visitor.leave()
        assert service.stop() == 0
    assert "locked" not in service.log.read_text()
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(f"Bad moments: {len(places)} processes stopped inside a write, others answered 503 in French, 0 lost")


@only_postgres
@pytest.mark.xdist_group("faults-stopped")
def test_a_server_that_hangs_up_is_refused_and_service_goes_on(hall: Hall, closes: Closing) -> None:
    ledger, refused = Ledger(), 0
    with Service(hall) as service:
        site = Site(service.port)
        for number in range(3):
            key = str(number)
            ledger.tried.add(key)
            with away(hall):
                require_refusal(site.submit(key))
                refused += 1
            answer = site.submit(key)
            assert answer.status == 201, answer.text
            ledger.forms[key] = answer.json["reference"]
        assert site.ask("GET", "/health/ready").status == 200
        site.leave()
        assert service.stop() == 0
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(f"P2: {refused} times the server hung up, {refused} refused with 503 in French, {len(ledger.forms)} taken")


@contextmanager
def away(hall: Hall) -> Iterator[None]:
    """The server lets nobody into the database, and throws everybody out."""
    url = url_of(hall.environment)
    assert url
    name = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        connection.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(name)))
