"""A seeded town hall of any size, in a directory of its own: a tenth of its demands open, the rest closed."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from domain.agent import Agent, rights_of
from domain.facts import Command
from domain.townhall import Settings
from suivi.compose import Installation
from suivi.founding import found
from suivi.importing import Import
from suivi.settings import read_settings

NOW: Final = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
SERVICE: Final = "État civil"
PROCEDURES: Final = ("AEN", "AEM", "AED", "SLF")
NAMES: Final = ("Martin", "Marchand", "Mariette", "Dubois", "Nuñez", "Lefèvre-Dupont", "O’Brien", "Ly", "Œuvrard")
OPEN_SHARE: Final = 10


class BenchTown:
    """The stores, one agent, and what the measures look up."""

    def __init__(self, directory: Path, demands: int) -> None:
        self.random, self.demands = Random(20_270_301), demands
        settings = read_settings({"SUIVI_DATA_DIR": str(directory)})
        self.installation = Installation.create(settings, lambda: NOW, self.random.randbytes)
        self.office = self.installation.office
        found(self.office, Command("system:bench", NOW, "found"), Settings("Mairie de mesure"))
        rights = rights_of(("agent",), (SERVICE,), ())
        self.office.directory.register_agent(self.command("system:bench"), "lea", "Léa", rights)
        self.agent: Agent = self.office.directory.agent("lea")
        self.manifest = hashlib.sha256()
        lines = Import(self.installation, create_missing=False).run(self._lines())
        if lines.refused:
            raise RuntimeError(lines.refused[0].reason)

    def command(self, actor: str = "agent:lea") -> Command:
        """A new command at the instant of the run."""
        return Command(actor, NOW, f"{self.random.getrandbits(128):032x}")

    def close(self) -> None:
        """Close every file."""
        self.installation.close()

    def _lines(self) -> Iterator[bytes]:
        for number in range(self.demands):
            line = msgspec.json.encode(self._history(number))
            self.manifest.update(line)
            yield line

    def _history(self, number: int) -> dict[str, object]:
        begun = NOW - timedelta(days=self.random.uniform(1, 400))
        steps = [{"at": begun + timedelta(hours=3), "agent": "lea", "action": "take_in_charge"}]
        if number % OPEN_SHARE:
            steps.append({"at": begun + timedelta(hours=20), "agent": "lea", "action": "close", "outcome": "traitee"})
        elif number % 3:
            steps = []
        return {
            "external_id": f"bench-{number}",
            "procedure": PROCEDURES[number % len(PROCEDURES)],
            "channel": "internet",
            "submitted_at": begun,
            "applicant": {
                "last_name": NAMES[number % len(NAMES)],
                "first_name": self.random.choice(("Marie", "Zoé", "Paul", "Łukasz")),
                "email": f"usager{number}@example.org",
            },
            "answers": {"copies": 1},
            "history": steps,
        }
