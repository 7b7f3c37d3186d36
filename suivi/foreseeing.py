"""What a changed procedure would do at once to the demands that nobody took, before anybody saves it."""

from datetime import datetime, timedelta

from domain.definition import Definition
from domain.expiry import ending, fading
from projections.overdue import Overdue
from suivi.compose import Installation


def endings_under(installation: Installation, definition: Definition, now: datetime) -> tuple[int, int]:
    """How many demands a definition would delete now, and of how many its agents would be warned now."""
    if definition.deletion_delay_days is None:
        return 0, 0
    settings = installation.office.directory.townhall().settings
    calendar, warnings = installation.calendars(settings.alsace_moselle), settings.expiry_warning_days
    until = now - timedelta(definition.deletion_delay_days - max(warnings, default=0) - 1)
    found = (
        ending(one, definition, warnings, calendar, now)
        for identity in Overdue(installation.stores.views).untreated(definition.code, until)
        if (one := fading(installation.register.facts(identity))) is not None
    )
    over = [end.over for end in found if end is not None]
    return sum(over), len(over) - sum(over)
