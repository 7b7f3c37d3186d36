"""What an agent logged in with, in three words: the header that browsers send is read, never kept."""

import re
from typing import Final

_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/|\bOpera\b")),
    ("Firefox", re.compile(r"\bFirefox/|\bFxiOS/")),
    ("Chrome", re.compile(r"Chrome/|\bChromium/|\bCriOS/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS: Final = (
    ("iPad", re.compile(r"\biPad\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)
"""In this order: most browsers also name those they descend from, and Android names Linux."""
_LONGEST: Final = 1_000
_HELD_IN_HAND: Final = frozenset({"iPad", "iPhone"})


def browser_label(header: str) -> str | None:
    """« Firefox sous Windows », « Safari sur iPhone »; None when the header names nothing that is known."""
    browser, system = (_first(kinds, header[:_LONGEST]) for kinds in (_BROWSERS, _SYSTEMS))
    if browser is None or system is None:
        return browser or system
    return f"{browser} {'sur' if system in _HELD_IN_HAND else 'sous'} {system}"


def _first(kinds: tuple[tuple[str, re.Pattern[str]], ...], header: str) -> str | None:
    return next((name for name, pattern in kinds if pattern.search(header)), None)
