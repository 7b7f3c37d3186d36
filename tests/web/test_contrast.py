"""Colours of text that no browser test looks at in both schemes: dark enough, or light enough, to be read."""

import re
from pathlib import Path

import pytest

SHEET = Path("web/static/suivi.css")
READABLE = 4.5
"""WCAG 2.1, criterion 1.4.3."""


def schemes() -> tuple[dict[str, str], dict[str, str]]:
    """The colours by name, light and dark."""
    light, dark = SHEET.read_text("utf-8").split("@media (prefers-color-scheme: dark)", 2)[:2]
    return tuple(dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", part)) for part in (light, dark))  # type: ignore[return-value]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == len("#123456") else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text: str, ground: str) -> float:
    lights = sorted((luminance(text), luminance(ground)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("state", ["", "hover-", "active-"])
def test_the_outlined_danger_button_is_read_in_both_schemes(state: str) -> None:
    rule = re.search(r"\.btn-danger-outline \{([^}]*)\}", SHEET.read_text("utf-8"))
    assert rule is not None
    names = [re.search(rf"--bs-btn-{state}{what}: var\(--([a-z-]+)\)", rule[1]) for what in ("color", "bg")]
    for scheme in schemes():
        text, ground = (scheme[name[1]] for name in names if name)
        assert contrast(text, ground) >= READABLE
