"""The plan made facts, through the domain's own commands and encoding; kept under ``build`` for the next run."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Final

from benchmarks.plan import NOW, SEED, SERVICE, Planned, planned
from domain.applicant import Applicant, written_applicant
from domain.demand import Demand
from domain.facts import Command, Fact
from domain.references import demand_id, new_reference
from domain.rights import Rights, Role
from domain.sealing import DataKey, place
from domain.townhall import Settings as Townhall
from suivi.compose import Installation
from suivi.founding import found
from suivi.settings import Settings, read_settings

CACHE: Final = Path("build/bench")
GROUP: Final = 2_000
TAKEN_AFTER: Final = timedelta(hours=3)
CLOSED_AFTER: Final = timedelta(hours=20)
_CODE: Final = ("domain", "store", "projections", "benchmarks/plan.py", "benchmarks/seeding.py")


def seeded(size: int, manifest: str) -> Path:
    """A data directory that holds the plan, made now unless this code made it before."""
    directory = CACHE / f"{size}-{_key(manifest)}"
    if not directory.exists():
        making = directory.with_suffix(f".{os.getpid()}")
        for old in CACHE.glob(f"{size}-*"):
            rmtree(old)
        with Installation.create(settings_of(making), lambda: NOW, Random(SEED).randbytes) as installation:
            write_facts(installation, size)
            installation.catch_up()
        making.rename(directory)
    return directory


def settings_of(directory: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a measured installation: files of its own, or a server's address."""
    return read_settings({"SUIVI_DATA_DIR": str(directory), **(environment or {})})


def write_facts(installation: Installation, size: int) -> None:
    """The town hall, its agent ``lea``, and every demand of the plan."""
    office = installation.office
    found(office, Command("system:bench", NOW, "found"), Townhall("Mairie de mesure"))
    rights = Rights(frozenset({Role.AGENT}), frozenset({SERVICE}))
    office.directory.register_agent(Command("system:bench", NOW, "lea"), "lea", "Léa", rights)
    demands = planned(size)
    while group := list(islice(demands, GROUP)):
        installation.register.append(_facts(installation, group))


def _facts(installation: Installation, group: Sequence[Planned]) -> list[Fact]:
    """The facts of a group, each demand under its own key; nobody ever opens those of the closed ones."""
    references = [new_reference(demand.procedure, installation.random_bits) for demand in group]
    opened = [demand_id(reference) for reference, demand in zip(references, group, strict=True) if not demand.closed]
    keys = installation.keyring.mint(opened, "demand", NOW)
    facts: list[Fact] = []
    for reference, demand in zip(references, group, strict=True):
        key = keys.get(demand_id(reference)) or installation.keyring.passing()
        facts += played(reference, demand, key).collect_events()  # type: ignore[arg-type]  # the library's wider type
    return facts


def played(reference: str, planned: Planned, key: DataKey) -> Demand:
    """One demand as planned, its facts not recorded yet."""
    identity, name = demand_id(reference), f"bench-{planned.number}"
    person = Applicant(planned.last_name, planned.first_name, email=f"usager{planned.number}@example.org")
    demand = Demand.submit(
        Command("api:bench", planned.begun, f"{name}-0"),
        reference,
        procedure=planned.procedure,
        form_version=1,
        service=SERVICE,
        channel="internet",
        has_email=True,
        applicant=key.seal(written_applicant(person), place(identity, 1, "applicant")),
        answers=key.seal('{"copies":1}', place(identity, 1, "answers")),
    )
    if planned.taken:
        demand.under(Command("agent:lea", planned.begun + TAKEN_AFTER, f"{name}-1")).take_in_charge(letters=False)
    if planned.closed:
        demand.under(Command("agent:lea", planned.begun + CLOSED_AFTER, f"{name}-2")).close("traitee")
        demand.erase("closure", "closed")
    return demand


def _key(manifest: str) -> str:
    """The plan, and the code that makes facts and read models of it."""
    digest = hashlib.sha256(manifest.encode())
    for path in _sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    for name in _CODE:
        path = Path(name)
        yield from sorted(path.glob("*.py")) if path.is_dir() else [path]
