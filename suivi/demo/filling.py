"""Fills an empty installation with the fictitious town: settings, services, agents with fixed passwords, demands."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.agent import rights_of
from domain.facts import Command
from domain.townhall import Contact, Settings
from suivi.demo.lives import DEMANDS, Lives
from suivi.demo.town import AGENTS, HOTLINE, SERVICES, TOWN
from suivi.founding import found

if TYPE_CHECKING:
    from suivi.compose import Installation

PASSWORD: Final = "saint-aubin-demo"  # noqa: S105 — the fictitious town's only password, printed on the screen
SEED: Final = 20_261_124


def fill(
    installation: "Installation",
    deliver: Callable[[UUID, datetime], None],
    progress: Callable[[int], None],
    demands: int = DEMANDS,
) -> None:
    """Make the fictitious town; the same seed and the same day give the same town."""
    rng = random.Random(SEED)
    directory, now = installation.office.directory, installation.clock()
    found(installation.office, Command("system:demo", now, "demo"), Settings(TOWN["name"], Contact(**HOTLINE)))
    for name, contact in SERVICES.items():
        directory.set_service(_command(rng, now), name, Contact(**contact))
    for agent in AGENTS:
        rights = rights_of(agent.roles, agent.services, agent.procedures)
        directory.register_agent(_command(rng, now), agent.code, agent.name, rights)
        installation.credentials.set_email(agent.code, agent.email)
        installation.credentials.set_password(agent.code, PASSWORD, now)
    Lives(installation, rng, deliver).play(demands, progress)
    installation.projector.catch_up()


def _command(rng: random.Random, now: datetime) -> Command:
    return Command("system:demo", now, f"{rng.getrandbits(128):032x}")
