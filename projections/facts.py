"""What the read models take from each stored fact: its fields are the domain's own, read past what is not shown.

Sealed answers, comments and letters are skipped without being copied, which halves the time of a rebuild.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, get_type_hints
from uuid import UUID

import msgspec

from domain.facts import AGENT, Fact, UnreadableFact

Record = tuple[int, str, int, str, bytes]
"""A stored fact: its number, the hexadecimal id and the version of its subject, its topic, its state."""
Records = Callable[[int, int], Sequence[Record]]
"""Some records after a number, at most so many, in the order they were recorded."""

DETAILS: Final = ("event_type", "reason", "outcome", "to", "kind")
"""The code that stays of a fact for ever is its first field of these."""
_SHOWN: Final = (
    *("reference", "procedure", "service", "channel", "has_email", "applicant"),
    *("code", "agent_name", "roles", "services", "procedures", "active"),
    *("definition", "settings", "occurrence"),
)
_AGENT: Final = len(AGENT)
_NO_LETTER: Final = msgspec.Raw(b"null")


def decoder(kind: type[Fact]) -> Callable[[bytes], Any]:
    """Reads ``timestamp``, ``actor``, ``detail``, what the lists show of one kind of fact, and of a letter its text."""
    types = get_type_hints(kind)
    detail = next((name for name in DETAILS if name in types), None)
    fields: list[Any] = [
        ("timestamp", datetime),
        ("actor", str),
        *((name, types[name]) for name in _SHOWN if name in types),
    ]
    if "letter" in types:
        fields.append(("letter", msgspec.Raw, _NO_LETTER))
    fields.append(("detail", str | None, None))
    lean = msgspec.defstruct(kind.__name__, fields, rename={"detail": detail} if detail else None, gc=False)
    return msgspec.json.Decoder(lean).decode


def agent_in(actor: str) -> str | None:
    """The code of the agent who did it, if an agent did."""
    return actor[_AGENT:] if actor.startswith(AGENT) else None


def is_without_text(fact: Any) -> bool:
    """Whether a letter was asked for whose text stands elsewhere: with its first request, or in the outbox only."""
    return bool(fact.letter == _NO_LETTER)


def unreadable(record: Record) -> UnreadableFact:
    """The error for a fact that cannot be read."""
    number, identity, version, topic, _ = record
    return UnreadableFact(topic, UUID(identity), version, number)


def before(records: Records, number: int) -> Records:
    """The facts that come before a number."""
    return lambda after, most: [record for record in records(after, most) if record[0] < number]
