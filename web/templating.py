"""How pages are put together: Flask's own templates, with less to do for each page."""

import re
from collections.abc import MutableMapping
from typing import Any, Final

from flask.templating import Environment
from jinja2.ext import Extension

_WORDS: Final = re.compile(r"""\{\{ _\((?:"([^"]*)"|'([^']*)')\) \}\}""")


class Templates(Environment):
    """Every page copies what all templates know, some sixty functions: from a chain of mappings it took far longer."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class Words(Extension):
    """One language so far, and no catalogue: words without values stand in the page as they do in its template.

    Asking for each of a page's hundred words, one call each, took a tenth of its time.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _WORDS.sub(lambda found: found[1] or found[2] or "", source)
