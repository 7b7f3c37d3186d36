"""A seeded town hall, open in a directory of its own, and fresh demands to act upon."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any, Final

from benchmarks.plan import NOW, SEED, Planned, manifest
from benchmarks.seeding import played, seeded, settings_of, write_facts
from domain.agent import Agent
from domain.facts import Command, Fact
from domain.references import demand_id, new_reference
from domain.sealing import place
from suivi.compose import Installation

EVENT: Final = "appel_usager"
COMMENT: Final = "il rappellera demain"


class BenchTown:
    """The stores of one size, one agent, and what the measures look up."""

    def __init__(self, installation: Installation, demands: int, random: Random) -> None:
        self.installation, self.demands, self.random = installation, demands, random
        self.office = installation.office
        self.agent: Agent = self.office.directory.agent("lea")

    @classmethod
    def of_files(cls, directory: Path, demands: int) -> "BenchTown":
        """A copy of the seeded files; numbers drawn from here on are not those of the seed."""
        copytree(seeded(demands, manifest(demands)), directory, dirs_exist_ok=True)
        os.sync()  # else the first commit that is measured waits until gigabytes of the copy are on the disk
        random = Random(SEED + demands)
        return cls(Installation.open(settings_of(directory), lambda: NOW, random.randbytes), demands, random)

    @classmethod
    def on_server(cls, directory: Path, demands: int, environment: Mapping[str, str]) -> "BenchTown":
        """A town on PostgreSQL, seeded now."""
        random = Random(SEED)
        installation = Installation.create(settings_of(directory, environment), lambda: NOW, random.randbytes)
        write_facts(installation, demands)
        installation.catch_up()
        return cls(installation, demands, random)

    def command(self, actor: str = "agent:lea") -> Command:
        """A new command at the instant of the run."""
        return Command(actor, NOW, f"{self.random.getrandbits(128):032x}")

    def fresh(self, number: int, facts: int) -> list[str]:
        """References of new demands in progress, with so many facts each, recorded and in the lists."""
        references = [new_reference("AEN", self.installation.random_bits) for _ in range(number)]
        keys = self.installation.keyring.mint([demand_id(reference) for reference in references], "demand", NOW)
        recorded: list[Fact] = []
        for place_in_line, reference in enumerate(references):
            key, identity = keys[demand_id(reference)], demand_id(reference)
            begun = NOW - timedelta(days=2)
            planned = Planned(self.demands + place_in_line, "AEN", "Dubois", "Marie", begun, taken=True, closed=False)
            demand = played(reference, planned, key)
            while demand.version < facts:
                comment = key.seal(COMMENT, place(identity, demand.version + 1, "comment"))
                demand.under(self.command()).add_event(EVENT, comment)
            recorded += demand.collect_events()  # type: ignore[arg-type]  # the library's wider type
        self.installation.register.append(recorded)
        self.installation.catch_up()
        return references

    def stored(self, references: list[str]) -> list[tuple[Any, int, str, bytes]]:
        """The rows of the facts of some demands, as they were recorded."""
        found = (self.installation.register.recorder.select_events(demand_id(reference)) for reference in references)
        return [(e.originator_id, e.originator_version, e.topic, e.state) for facts in found for e in facts]

    def close(self) -> None:
        """Close every file."""
        self.installation.close()
