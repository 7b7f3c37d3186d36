"""Marks that turn the direction of a text: a name must not rewrite, on screen, the words around it."""

import re
from typing import Final

_MARKS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def without_directions(text: str) -> str:
    """The text without Unicode's bidirectional controls (UAX #9), which nobody types and some paste."""
    return _MARKS.sub("", text)
