"""A store as it may lie on a disk for years: every event version, in lawful lives, and what the lists made of it.

``golden/history.jsonl`` only grows. A new topic: add a life with it at the end of ``LIVES``, delete both files, run
``python -m tests.faults.golden_store`` from the top folder, see that no line that was there has changed, commit.
Read models that changed on purpose: delete ``golden/views.json`` only, and run the same command.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid5

from eventsourcing.persistence import StoredEvent
from sqlalchemy import select

from domain.references import NAMESPACE, demand_id, stream_id
from domain.townhall import TOWNHALL_ID
from projections.tables import metadata, position
from tests.installations import MORNING, MovingClock
from tests.store.examples import golden_file

HISTORY: Final = Path(__file__).parent / "golden" / "history.jsonl"
VIEWS: Final = Path(__file__).parent / "golden" / "views.json"
REFERENCE: Final = "AEN-7QK3-M2XD-H5T1"
TAKEN: Final = "demand.taken-in-charge:1"
SUBMITTED: Final = "demand.submitted:1"
LETTER: Final = "demand.mail-requested:1"
ERASED: Final = "demand.personal-data-erased:1"
CIVIL: Final = "État civil"
LIVES: Final[tuple[tuple[UUID | str, tuple[tuple[str, dict[str, Any]], ...]], ...]] = (
    (
        TOWNHALL_ID,
        tuple((f"townhall.{name}:1", {}) for name in ("founded", "settings-changed", "service-set", "terms-added")),
    ),
    (stream_id("procedure", "AEN"), (("procedure.defined:1", {}), ("procedure.revised:1", {}))),
    (
        stream_id("agent", "camille"),
        tuple((f"agent.{name}:1", {}) for name in ("registered", "deactivated", "activated", "rights-changed")),
    ),
    (
        REFERENCE,
        (
            (SUBMITTED, {}),
            ("demand.reassigned:1", {}),
            ("demand.reminded:1", {}),
            (TAKEN, {}),
            (LETTER, {}),
            ("demand.mail-sent:1", {}),
            ("demand.put-on-hold:1", {}),
            ("demand.event-added:1", {}),
            ("demand.resumed:1", {}),
            ("demand.closed:1", {}),
            ("demand.mail-declined:1", {}),
            (ERASED, {}),
        ),
    ),
    (
        "AEN-0000-0000-0001",
        (
            (SUBMITTED, {"has_email": True}),
            ("demand.expired:1", {}),
            (LETTER, {"kind": "closure"}),
            (ERASED, {"reason": "expiry"}),
            ("demand.mail-failed:1", {"kind": "closure"}),
        ),
    ),
    ("AEN-0000-0000-0002", ((SUBMITTED, {}), (TAKEN, {}))),
    ("AEN-0000-0000-0003", ((SUBMITTED, {"has_email": False}),)),
    ("AEN-0000-0000-0004", ((SUBMITTED, {"has_email": False}), ("demand.expiry-warned:1", {}))),
    (TOWNHALL_ID, (("townhall.term-withdrawn:1", {}),)),
)


def stored_history() -> list[StoredEvent]:
    """The committed facts, in the order they were recorded."""
    lines = [json.loads(line) for line in HISTORY.read_text().splitlines()]
    return [
        StoredEvent(UUID(line["id"]), line["version"], line["topic"], json.dumps(line["state"]).encode())
        for line in lines
    ]


def new_history() -> Iterator[dict[str, Any]]:
    """The lives above with the golden bytes of each topic."""
    minute, versions = 0, Counter[UUID]()
    for subject, facts in LIVES:
        identity = demand_id(subject) if isinstance(subject, str) else subject
        for topic, changes in facts:
            minute += 1
            versions[identity] += 1
            state = json.loads(golden_file(topic).read_text())
            state |= {"timestamp": f"2027-03-01T08:{minute:02}:15.123456Z", "command_id": f"c{minute}"} | changes
            if "reference" in state:
                state["reference"] = subject
            if "mail_id" in state:
                state["mail_id"] = str(uuid5(NAMESPACE, f"{subject} letter"))
            yield {"id": identity.hex, "version": versions[identity], "topic": topic, "state": state}


def replayed(environment: Mapping[str, str], history: list[StoredEvent]) -> dict[str, list[dict[str, Any]]]:
    """The read models that today's code makes of the committed facts, table by table."""
    from suivi.compose import Installation  # noqa: PLC0415 — the file is also a command that only writes
    from suivi.settings import read_settings  # noqa: PLC0415

    settings = read_settings(environment)
    with Installation.create(settings, MovingClock(MORNING), lambda number: bytes(range(number))) as installation:
        installation.register.recorder.insert_events(history)
        installation.projector.catch_up()
        with installation.stores.views.connect() as connection:
            return {
                table.name: [
                    {name: plain(value) for name, value in row.items()}
                    for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
                ]
                for table in metadata.sorted_tables
                if table is not position
            }


def plain(value: object) -> object:
    """A cell as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, int | float | str) else str(value)


def write_missing() -> None:
    """Write what does not exist yet."""
    if not HISTORY.exists():
        HISTORY.parent.mkdir(exist_ok=True)
        HISTORY.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in new_history()))
    if not VIEWS.exists():
        with TemporaryDirectory() as directory:
            views = replayed({"SUIVI_DATA_DIR": f"{directory}/var"}, stored_history())
        VIEWS.write_text(json.dumps(views, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    write_missing()
