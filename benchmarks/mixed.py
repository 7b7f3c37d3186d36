"""Fifty agents at work: pages, searches and actions mixed, over HTTP, by threads that never think."""

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import perf_counter
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


def mixed(town: BenchTown, directory: Path) -> Iterator[Result]:
    """The slowest of a hundred answers, and how many a second; the rate is compared between sizes."""
    town.installation.credentials.set_password("lea", PASSWORD, NOW)
    references = town.fresh(AGENTS, 2)
    with served("suivi", directory) as first:
        clients = [first, *(Client(first.port, first.process) for _ in range(AGENTS - 1))]
        for client in clients:
            logged_in(client, "/connexion", "lea")
        begun = perf_counter()
        with ThreadPoolExecutor(AGENTS) as pool:
            times = [second for agent in pool.map(_work, clients, references, range(AGENTS)) for second in agent]
        rate = len(times) / (perf_counter() - begun)
    p99 = statistics.quantiles(times, n=100)[98]
    target = f"≤ {P99_S * 1e3:g} ms"
    yield Result("50 agents mixed: p99", town.demands, Pairs.of_two(p99, P99_S), target, p99 <= P99_S, "promised")
    each = Pairs.of_two(1 / rate, P99_S)
    yield Result("50 agents mixed: an answer each", town.demands, each, "≥ 0.75 × the rate at 10k", None, "", 10_000)


def _work(client: Client, reference: str, seed: int) -> list[float]:
    random, times = Random(seed), []
    for _ in range(TURNS):
        begun = perf_counter()
        if random.random() < ACTION_SHARE:
            status, _ = client.form(f"/demandes/{reference}/evenements", event_type=EVENT, comment=COMMENT)
            require_equal("action", status, 303)
        else:
            require_equal("page", client.get(random.choice(tuple(PAGES.values())))[0], 200)
        times.append(perf_counter() - begun)
    return times
