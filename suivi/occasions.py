"""What the jobs that write to agents are given, built from an installation."""

from datetime import datetime

from domain.agent import rights_of
from domain.errors import UnknownAgent
from domain.recipients import Colleague, Staff
from projections.overdue import Overdue
from store.pace import Pace
from suivi.compose import Installation
from workers.occasions import Occasions


def occasions_of(installation: Installation, base_url: str) -> Occasions:
    """The town hall as reminders, expiry and information see it; ``base_url`` is where the letters' links lead."""
    return Occasions(
        office=installation.office,
        register=installation.register,
        followers=installation.followers,
        sweeps=installation.sweeps,
        overdue=Overdue(installation.stores.views),
        staff=lambda: staff_of(installation),
        procedures=lambda: installation.people.procedures(),  # noqa: PLW0108 — read again at each run
        choices=installation.preferences.everybody,
        calendar=installation.calendars,
        base_url=base_url,
    )


def staff_of(installation: Installation) -> Staff:
    """Everybody who works here, as they are now."""
    return Staff(
        Colleague(row.code, row.name, row.active, rights_of(row.roles, row.services, row.procedures))
        for row in installation.people.agents().values()
    )


def address_of(installation: Installation, code: str) -> str | None:
    """Where an agent may be written to: nowhere once he is inactive, or without an address."""
    try:
        active = installation.office.directory.agent(code).active
    except UnknownAgent:
        return None
    return installation.credentials.email(code) if active else None


def may_leave(installation: Installation, now: datetime) -> bool:
    """Whether the town's pace lets one more letter leave in this minute."""
    most = installation.office.directory.townhall().settings.mails_per_minute
    return Pace(installation.stores.events).take(now, most)
