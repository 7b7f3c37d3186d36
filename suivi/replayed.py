"""The read models against a replay of the facts up to the same position, for ``suivi verify``.

The replay is built in a private directory that is deleted afterwards; it holds what the live ones hold, sealed values
and keyed tokens, and uses the live generation's search key.
"""

from collections.abc import Callable

from projections.rebuild import Rebuild
from projections.views import read_position, snapshot
from store.engines import NORMAL, sqlite_engine
from suivi.comparison import differences
from suivi.compose import Installation
from suivi.copies import private_copy
from suivi.verification import Findings


def compare(installation: Installation, findings: Findings, advance: Callable[[int], None]) -> None:
    """Note every difference; others may write meanwhile, what they write is not looked at."""
    with private_copy(installation.settings.data_dir) as folder, snapshot(installation.stores.views) as live:
        pinned = read_position(live)
        engine = sqlite_engine(str(folder / "views.sqlite3"), NORMAL)
        try:
            again = Rebuild(engine, installation.records, installation.keyring, installation.calendars)
            again.run(pinned.generation, pinned.notification_id, advance)
            with engine.connect() as replayed:
                for difference in differences(live, replayed, installation.keyring, pinned.generation):
                    findings.note(str(difference))
        finally:
            engine.dispose()
