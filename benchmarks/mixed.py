"""Fifty agents at work: pages and actions mixed, over HTTP; as people who read, then as threads that never think."""

import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import Final

from benchmarks.clients import Client, served
from benchmarks.over_http import PAGES, logged_in
from benchmarks.peers.crud import PASSWORD
from benchmarks.plan import NOW
from benchmarks.results import Result
from benchmarks.timing import Pairs, require_equal
from benchmarks.town import COMMENT, EVENT, BenchTown

AGENTS: Final = 50
TURNS: Final = 30
ACTION_SHARE: Final = 0.2
P99_S: Final = 0.060
READS_S: Final = 1.0
"""How long an agent looks at an answer, on average, which is ten times less than people do."""


def mixed(town: BenchTown, directory: Path) -> Iterator[Result]:
    """The slowest of a hundred answers while everybody reads what he gets; how many a second while nobody does."""
    town.installation.credentials.set_password("lea", PASSWORD, NOW)
    references = town.fresh(AGENTS, 2)
    with served("suivi", directory) as first:
        clients = [first, *(Client(first.port, first.process) for _ in range(AGENTS - 1))]
        for client in clients:
            logged_in(client, "/connexion", "lea")
            for address in PAGES.values():
                client.get(address)
        times = _all(clients, references, READS_S)
        begun = perf_counter()
        hurried = _all(clients, references, 0)
        each_s = (perf_counter() - begun) / len(hurried)
    p99, slowest = (statistics.quantiles(some, n=100)[98] for some in (times, hurried))
    target = f"≤ {P99_S * 1e3:g} ms"
    yield Result("50 agents mixed: p99", town.demands, Pairs.of_two(p99, P99_S), target, p99 <= P99_S, "promised")
    hurry = Pairs.of_two(slowest, AGENTS * each_s)
    yield Result("50 who never read: p99", town.demands, hurry, "–", None, "50 × an answer")
    each = Pairs.of_two(each_s, P99_S)
    yield Result("50 who never read: an answer each", town.demands, each, "≥ 0.75 × the rate at 10k", None, "", 10_000)


def _all(clients: Sequence[Client], references: Sequence[str], reads_s: float) -> list[float]:
    with ThreadPoolExecutor(AGENTS) as pool:
        found = pool.map(_work, clients, references, range(AGENTS), repeat(reads_s))
        return [second for agent in found for second in agent]


def _work(client: Client, reference: str, seed: int, reads_s: float) -> list[float]:
    random, times = Random(seed), []
    for _ in range(TURNS):
        sleep(random.expovariate(1) * reads_s)
        begun = perf_counter()
        if random.random() < ACTION_SHARE:
            status, _ = client.form(f"/demandes/{reference}/evenements", event_type=EVENT, comment=COMMENT)
            require_equal("action", status, 303)
        else:
            require_equal("page", client.get(random.choice(tuple(PAGES.values())))[0], 200)
        times.append(perf_counter() - begun)
    return times
