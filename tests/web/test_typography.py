"""French punctuation never begins a line: the space before « : ; ! ? » and inside the quotes is one that holds."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path("web/templates")
OURS = (
    *(f"demands/{name}.html" for name in ("show", "history", "mail", "closure", "print", "_letter")),
    *("login.html", "activation.html", "kept.html", "preferences.html"),
    *(f"help/{path.name}" for path in sorted((TEMPLATES / "help").glob("*.html")) if path.stem != "shortcuts"),
)
LOOSE = re.compile("« | »| [:;?]| !(?!=)")
"""A plain space; Jinja's « != » is no punctuation."""


@pytest.mark.parametrize("template", OURS)
def test_no_punctuation_of_a_template_may_begin_a_line(template: str) -> None:
    loose = [line.strip() for line in (TEMPLATES / template).read_text("utf-8").splitlines() if LOOSE.search(line)]
    assert loose == []
