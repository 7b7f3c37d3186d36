"""French punctuation never begins a line: the space before « : ; ! ? » and inside the quotes is one that holds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WEB = Path("web")
TEMPLATES = WEB / "templates"
LOOSE = re.compile("« | »| [:;?]| !(?!=)")
"""A plain space; Jinja's « != » is no punctuation."""
NOT_ON_PAGES = {
    *(WEB / "api").rglob("*.py"),
    WEB / "access.py",
    WEB / "answer_fields.py",
    WEB / "columns.py",
    WEB / "journal_table.py",
    WEB / "labels.py",
    WEB / "help.py",
}
"""What programs read, the headings and cells of files, labels, and the alternative texts of pictures."""


@pytest.mark.parametrize("template", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")))
def test_no_punctuation_of_a_template_may_begin_a_line(template: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", (TEMPLATES / template).read_text("utf-8"), flags=re.DOTALL)
    assert [line.strip() for line in text.splitlines() if LOOSE.search(line)] == []


@pytest.mark.parametrize("module", sorted(map(str, {*WEB.rglob("*.py")} - NOT_ON_PAGES)))
def test_no_punctuation_of_a_sentence_in_code_may_begin_a_line(module: str) -> None:
    assert [said for said in sentences(ast.parse(Path(module).read_text("utf-8"))) if LOOSE.search(said)] == []


def sentences(tree: ast.Module) -> Iterator[str]:
    """The texts of a module, but for its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_a_loose_space_in_code_is_found() -> None:
    code = '"""Une docstring : libre."""\nsaid = f"La démarche « {title} » est là"\nother = "Ce qui tient\\u00a0: ceci"'
    assert [said for said in sentences(ast.parse(code)) if LOOSE.search(said)] == ["La démarche « ", " » est là"]
