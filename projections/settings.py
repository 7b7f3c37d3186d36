"""What facts change in the agents, the procedures and the town's calendar."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from domain.agent import Agent
from domain.delays import Delays
from domain.facts import Fact
from domain.procedure import Procedure
from domain.townhall import Townhall
from projections.batch import Batch
from projections.paces import Terms, Town

Setting = Callable[[Batch, str, Any], None]
SETTINGS: Final[dict[str, Setting]] = {}


def concerns(*kinds: type[Fact]) -> Callable[[Setting], Setting]:
    """Register what some kinds of facts change in the agents, the procedures or the town."""

    def register(setting: Setting) -> Setting:
        SETTINGS.update(dict.fromkeys((kind.topic for kind in kinds), setting))
        return setting

    return register


@concerns(Agent.Registered)
def _registered(batch: Batch, identity: str, fact: Any) -> None:
    batch.agents[identity] = {"code": fact.code, "name": fact.agent_name, "active": fact.active, **_rights(fact)}


@concerns(Agent.RightsChanged)
def _rights_changed(batch: Batch, identity: str, fact: Any) -> None:
    batch.agent(identity).update(_rights(fact))


@concerns(Agent.Deactivated)
def _deactivated(batch: Batch, identity: str, _: Any) -> None:
    """An agent who left keeps his name."""
    batch.agent(identity)["active"] = False


@concerns(Agent.Activated)
def _activated(batch: Batch, identity: str, _: Any) -> None:
    batch.agent(identity)["active"] = True


@concerns(Procedure.Defined, Procedure.Revised)
def _defined(batch: Batch, _: str, fact: Any) -> None:
    """A new procedure, or other delays: the due dates and reminders of its open demands follow at once."""
    definition = fact.definition
    batch.procedures[definition.code] = {
        "code": definition.code,
        "title": definition.title,
        "service": definition.service,
        "restricted": definition.restricted,
        "take_days": definition.take_delay_days,
        "close_days": definition.close_delay_days,
        "deletion_days": definition.deletion_delay_days,
        "working": definition.delay_calendar == "working",
        "reminder_days": definition.reminder_every_days,
    }
    delays = Delays(definition.take_delay_days, definition.close_delay_days, definition.delay_calendar == "working")
    batch.change_terms(definition.code, Terms(delays, definition.reminder_every_days))


@concerns(Townhall.Founded, Townhall.SettingsChanged)
def _founded(batch: Batch, _: str, fact: Any) -> None:
    """The town's holidays decide working days, its hours when agents are reminded."""
    settings = fact.settings
    batch.change_town(Town(settings.alsace_moselle, settings.reminder_every_days, settings.reminder_times))


def _rights(fact: Any) -> dict[str, str]:
    return {name: msgspec.json.encode(getattr(fact, name)).decode() for name in ("roles", "services", "procedures")}
