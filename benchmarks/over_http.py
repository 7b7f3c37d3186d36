"""Pages, intake and actions over HTTP, each contender one process on the loopback interface."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Final

from msgspec.structs import replace

from benchmarks.bulk import MANY
from benchmarks.clients import Client, served
from benchmarks.peers.crud import PASSWORD
from benchmarks.plan import NOW
from benchmarks.results import Result, at_least, at_most
from benchmarks.serving import DEMANDS, STEPS
from benchmarks.timing import PAIRS, Pairs, in_pairs, require_equal
from benchmarks.town import COMMENT, EVENT, BenchTown
from domain.closing import close_all

TOKEN: Final = "jeton-de-mesure"
JSON: Final = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
PAGES: Final = {
    "home": "/",
    "page Non traitées": "/demandes/non-traitees",
    "page En cours": "/demandes/en-cours",
    "page Du service": "/demandes/service",
}
MORE_PAGES: Final = ("/demandes/en-attente", "/aide")
REPEAT: Final = 10
RESIDENT_MB: Final = 100
GIVEN_UP_AFTER_S: Final = 60
_CLOSING: Final = {"scope": "page", "confirmed": "1", "outcome": "traitee", "decision": "none"}
_FORM: Final = {
    "procedure": "SLF",
    "channel": "internet",
    "applicant": {"last_name": "Dubois", "first_name": "Marie", "email": "marie.dubois@example.org"},
    "answers": {
        "reason": "damage",
        "couple_kind": "one",
        "holder1_last_name": "Dubois",
        "holder1_first_names": "Marie",
        "holder1_birth_date": "1990-01-01",
        "holder1_birth_city": "Lille",
        "children_count": 1,
        "old_book_city": "Lille",
    },
}


def over_http(town: BenchTown, directory: Path) -> Iterator[Result]:
    """Everything that passes a socket, while the town's own process keeps still."""
    installation, size = town.installation, town.demands
    installation.credentials.set_password("lea", PASSWORD, NOW)
    installation.clients.create("bench", TOKEN, ["intake"], NOW)
    references = iter(town.fresh(PAIRS * REPEAT + 1, STEPS))
    with ExitStack() as stack:
        beside = Path(stack.enter_context(TemporaryDirectory(prefix="suivi-bench-")))
        ours, hello, crud, echo = (
            stack.enter_context(served(what, directory if what == "suivi" else beside))
            for what in ("suivi", "hello", "crud", "echo")
        )
        logged_in(ours, "/connexion", code="lea")
        logged_in(crud, "/login", code="lea")
        yield from _pages(ours, hello, size)
        yield from _intake(ours, hello, echo, size)
        yield _action(ours, crud, lambda: next(references), size)
        yield _memory(ours, size)
        yield _bulk(ours, town)


def probe(directory: Path) -> float:
    """Seconds that the least application takes to answer now: before and after a run it should be the same."""
    with served("hello", directory) as hello:
        return in_pairs(lambda: hello.get("/"), lambda: hello.get("/"), repeat=50, pairs=5).ours_s


def _pages(ours: Client, hello: Client, size: int) -> Iterator[Result]:
    for name, address in PAGES.items():
        status, body = ours.get(address)
        require_equal(name, (status, "Déconnexion" in body.decode()), (200, True))
        pairs = in_pairs(partial(ours.get, address), partial(hello.get, "/"), REPEAT, cpus=(ours.cpu, hello.cpu))
        yield replace(at_most(name, size, pairs, 4, "Flask hello"), grows_from=10_000)


def _intake(ours: Client, hello: Client, echo: Client, size: int) -> Iterator[Result]:
    numbers, body = count(), json.dumps(_FORM).encode()

    def hand_in() -> tuple[int, bytes]:
        return ours.post("/api/v1/demands", body, {**JSON, "Idempotency-Key": f"bench-{next(numbers)}"})

    def hand_over() -> tuple[int, bytes]:
        return echo.post("/", body, JSON)

    require_equal("intake", hand_in()[0], hand_over()[0])
    pairs = in_pairs(hand_in, lambda: hello.get("/"), REPEAT, cpus=(ours.cpu, hello.cpu))
    yield at_least("intake over HTTP", size, pairs, 0.2, "Flask hello")
    work = in_pairs(hand_in, hand_over, REPEAT * 2, cpus=(ours.cpu, echo.cpu))
    ratio = work.cpu_ratio
    cpu = Pairs(work.ours_cpu_s, work.reference_cpu_s, ratio, ratio, ratio, work.ours_cpu_s, work.reference_cpu_s)
    yield at_most("CPU of an intake", size, cpu, 3, "validated echo + raw writes")


def _action(ours: Client, crud: Client, reference: Callable[[], str], size: int) -> Result:
    numbers = iter(range(DEMANDS))

    def act() -> int:
        return ours.form(f"/demandes/{reference()}/evenements", event_type=EVENT, comment=COMMENT)[0]

    def step() -> int:
        return crud.form(f"/demands/D-{next(numbers)}/steps", kind="call", comment=COMMENT)[0]

    last = f"D-{DEMANDS - 1}"
    require_equal("action", (crud.form(f"/demands/{last}/steps", kind="call", comment="x")[0]), 303)
    require_equal("action", crud.get(f"/demands/{last}")[1].count(b"<li>"), STEPS + 1)
    require_equal("action", (act(), step()), (303, 303))
    pairs = in_pairs(act, step, REPEAT - 1, cpus=(ours.cpu, crud.cpu))
    return at_least("agent action over HTTP", size, pairs, 2, "CRUD app")


def _bulk(ours: Client, town: BenchTown) -> Result:
    """One job that is answered at once and tells its progress, from the click to its last demand; in process beside."""
    lots = [town.fresh(MANY, 2) for _ in range(2 * (PAIRS + 1))]

    def over_http() -> None:
        status, _ = ours.form("/demandes/selection", action="close", references=lots.pop(), **_CLOSING)
        require_equal("bulk closure over HTTP", status, 303)
        page, told = ours.location, f"{MANY} sur {MANY}".encode()
        until = perf_counter() + GIVEN_UP_AFTER_S
        while told not in ours.get(page)[1] and perf_counter() < until:
            pass
        require_equal("bulk closure over HTTP", ours.get(page)[1].count(told) > 0, reference=True)

    def in_process() -> None:
        refused = close_all(town.office, lots.pop(), by=town.agent, command=town.command(), outcome="traitee")
        require_equal("bulk closure", refused, {})

    pairs = in_pairs(over_http, in_process, 1, cpus=(ours.cpu, process_time))
    name, target = f"bulk closure of {MANY} over HTTP", "one job that tells its progress"
    return Result(name, town.demands, pairs, target, met=True, reference="in process")


def _memory(ours: Client, size: int) -> Result:
    for address in (*PAGES.values(), *MORE_PAGES):
        require_equal(address, ours.get(address)[0], 200)
    pairs = Pairs.of_two(ours.resident() / 1024**2, RESIDENT_MB)
    met = pairs.ours_s <= RESIDENT_MB
    return Result("resident after all pages", size, pairs, f"≤ {RESIDENT_MB} MB", met, "promised", unit="MB")


def logged_in(client: Client, address: str, code: str) -> None:
    """Let an agent in."""
    status, _ = client.form(address, code=code, password=PASSWORD)
    require_equal("login", status, 303)
