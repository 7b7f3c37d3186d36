"""django-helpdesk, what a Python shop would install: one page and one action, beside the same of Suivi's table."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.clients import served_by
from benchmarks.results import Result, not_run
from benchmarks.timing import in_pairs, require_equal

PYTHON: Final = Path(".venv/peers/bin/python")
SITE: Final = Path("benchmarks/peers/helpdesk_site.py")
TICKETS: Final = 1_000
FIELDS: Final = {"title": "Demande 0", "queue": "1", "priority": "3", "owner": "1", "new_status": "1", "public": "1"}
_NAME: Final = "django-helpdesk"


def helpdesk() -> Iterator[Result]:
    """« not run » where ``make bench-peers`` did not make its environment."""
    if not PYTHON.exists():
        yield not_run(_NAME, TICKETS, "printed", "make bench-peers installs it")
        return
    with (
        TemporaryDirectory(prefix="suivi-bench-") as directory,
        served_by([os.fspath(PYTHON), os.fspath(SITE), directory, str(TICKETS)]) as peer,
    ):
        require_equal("helpdesk login", peer.get("/enter")[0], 204)
        status, page = peer.get("/tickets/")
        require_equal("helpdesk list", (status, b"ticket" in page.lower()), (200, True))

        def act() -> int:
            return peer.form("/tickets/1/update/", comment="il rappellera demain", **FIELDS)[0]

        require_equal("helpdesk action", act(), 302)
        for name, work in (("page", lambda: peer.get("/tickets/")), ("action", act)):
            pairs = in_pairs(work, lambda: peer.get("/hello"), repeat=5, pairs=7, cpus=(peer.cpu, peer.cpu))
            yield Result(f"{_NAME}: {name}", TICKETS, pairs, "printed", None, "Django hello")
