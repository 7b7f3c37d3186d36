"""Validation messages as pages and programs read them: one list for each dotted field path."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

MOST_PATHS: Final = 200
_LONGEST_NAME: Final = 60
_WHOLE: Final = "_schema"


def dotted(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages, flattened; names that came from outside are cut and made printable."""
    found: dict[str, list[str]] = {}
    for name, message in islice(_walk(messages, path), MOST_PATHS):
        found.setdefault(name, []).append(message)
    return found


def _walk(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _walk(inner, path if name == _WHOLE else _joined(path, str(name)))
    elif isinstance(messages, list | tuple):
        for message in messages:
            yield from _walk(message, path)
    else:
        yield path or _WHOLE, str(messages)


def _joined(path: str, name: str) -> str:
    printable = "".join(c if c.isprintable() else "\ufffd" for c in name[:_LONGEST_NAME])
    return f"{path}.{printable}" if path else printable
