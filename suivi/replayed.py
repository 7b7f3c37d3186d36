"""The read models against a replay of the facts up to the same position, for ``suivi verify``.

The replay is built in a private directory that is deleted afterwards; it holds what the live ones hold, sealed values
and keyed tokens, and uses the live generation's search key.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from projections.rebuild import Rebuild
from projections.views import read_position, snapshot
from store.engines import NORMAL, sqlite_engine
from suivi.comparison import differences
from suivi.compose import Installation
from suivi.verification import Findings

_PRIVATE: Final = 0o700


def compare(installation: Installation, findings: Findings, advance: Callable[[int], None]) -> None:
    """Note every difference; others may write meanwhile, what they write is not looked at."""
    with (
        TemporaryDirectory(prefix="verify-", dir=installation.settings.data_dir) as name,
        snapshot(installation.stores.views) as live,
    ):
        Path(name).chmod(_PRIVATE)
        pinned = read_position(live)
        engine = sqlite_engine(str(Path(name) / "views.sqlite3"), NORMAL)
        try:
            again = Rebuild(engine, installation.records, installation.keyring, installation.calendars)
            again.run(pinned.generation, pinned.notification_id, advance)
            with engine.connect() as replayed:
                for difference in differences(live, replayed, installation.keyring, pinned.generation):
                    findings.note(str(difference))
        finally:
            engine.dispose()
