"""What stands around every page: sections with their counts, tools, and small questions the templates ask."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Flask, current_app, g, request, url_for
from werkzeug.routing import Map

from domain.delays import Calendar
from domain.references import EXAMPLE
from domain.rights import WORKS_ON_DEMANDS, Rights, Role
from domain.townhall import Settings
from web import current, sessions

SECTIONS: Final = {
    "in_progress": ("/demandes/en-cours", "En cours"),
    "untreated": ("/demandes/non-traitees", "Non traitées"),
    "on_hold": ("/demandes/en-attente", "En attente"),
    "service": ("/demandes/service", "Du service"),
}
_TOOLS: Final = (
    ("/journal", "Journal", "journal-text"),
    ("/statistiques", "Statistiques", "bar-chart"),
    ("/audit", "Audit", "shield-check"),
    ("/administration", "Administration", "gear"),
    ("/aide", "Aide", "question-circle"),
)
_RIGHTS_KEPT: Final = 256
_ONLY_FOR: Final = {
    "/audit": (Role.AUDITOR,),
    "/administration": (Role.ADMIN,),
}


def sections() -> list[tuple[str, str, int | None]]:
    """The guide's sections in its own order, each with its count; none for those who do not work on demands."""
    agent, counters = current.maybe_agent(), current.counters()
    if agent is None or counters is None or not agent.rights.has(*WORKS_ON_DEMANDS):
        return []
    listed = [(address, label, getattr(counters, name)) for name, (address, label) in SECTIONS.items()]
    return [("/", "Accueil", None), *listed]


def utilities() -> list[tuple[str, str, str]]:
    """The tools this person may use, as (address, label, icon)."""
    agent = current.maybe_agent()
    return [] if agent is None else list(_tools(current_app.url_map, agent.rights))


@lru_cache(_RIGHTS_KEPT)
def _tools(pages: Map, rights: Rights) -> tuple[tuple[str, str, str], ...]:
    known = {rule.rule for rule in pages.iter_rules()}
    return tuple(t for t in _TOOLS if t[0] in known and rights.has(*_ONLY_FOR.get(t[0], tuple(Role))))


def is_here(address: str) -> bool:
    """Whether the page shown is this one, or lies under this tool."""
    under = address not in {"/"} | {section for section, _ in SECTIONS.values()}
    return request.path == address or (under and request.path.startswith(f"{address}/"))


def section_address() -> str:
    """The section that a search by reference looks through: the present one, else « Du service »."""
    addresses = {address for address, _ in SECTIONS.values()} | {"/journal"}
    return request.path if request.path in addresses else SECTIONS["service"][0]


def same_page(**changed: Any) -> str:
    """The address of this page with some criteria changed, or left out when None; boxes do not stay ticked."""
    page, criteria = _page_and_criteria()
    kept = urlencode([(name, value) for name, value in (criteria | changed).items() if value is not None], doseq=True)
    return f"{page}?{kept}" if kept else page


def _page_and_criteria() -> tuple[str, dict[str, Any]]:
    if "page_and_criteria" not in g:
        asked = request.args.to_dict(flat=False)
        asked.pop("cocher", None)
        g.page_and_criteria = quote(request.script_root + request.path), asked
    read: tuple[str, dict[str, Any]] = g.page_and_criteria
    return read


def townhall() -> Settings:
    """The town's name, hotline and thresholds."""
    if "townhall" not in g:
        g.townhall = current.parts().office.directory.townhall().settings
    settings: Settings = g.townhall
    return settings


def calendar() -> Calendar:
    """The town's calendar, with the holidays that are in force now."""
    return current.parts().calendars(townhall().alsace_moselle)


def searches_demands() -> bool:
    """Whether the search box of the top bar looks through demands; others search the journal."""
    agent = current.maybe_agent()
    return agent is not None and agent.rights.has(*WORKS_ON_DEMANDS, Role.AUDITOR)


def mails_waiting() -> bool:
    """Whether to warn this administrator that no mail server is set."""
    agent = current.maybe_agent()
    return agent is not None and agent.rights.has(Role.ADMIN) and current.parts().mails_waiting()


class Assets:
    """Addresses of static files that change with their content, so that browsers may keep them for a year."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._addresses = folder, dict[tuple[str, str], str]()

    def __call__(self, name: str) -> str:
        """``/static/suivi.css?v=…``; a missing file has an address without a hash."""
        key = (request.script_root, name)
        if key not in self._addresses:
            path = self._folder / name
            version = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else None
            self._addresses[key] = url_for("static", filename=name, v=version)
        return self._addresses[key]


asset: Final = Assets(Path(__file__).parent / "static")


def install(app: Flask) -> None:
    """Offer these questions to the templates and to the macros."""
    app.jinja_env.globals.update(
        asset=asset,
        author=sessions.author,
        example_reference=EXAMPLE,
        is_here=is_here,
        logged_in=current.maybe_agent,
        mails_waiting=mails_waiting,
        new_command_id=current.new_command_id,
        now=current.now,
        same_page=same_page,
        section_address=section_address,
        searches_demands=searches_demands,
        sections=sections,
        townhall=townhall,
        utilities=utilities,
    )
