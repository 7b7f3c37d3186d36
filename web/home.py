"""Accueil: how many demands wait in each section, and the most urgent ones; the manifest of the desktop shortcut."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, json, render_template, url_for
from flask.typing import ResponseReturnValue

from domain.rights import WORKS_ON_DEMANDS
from projections.counting import AT_MOST_LATE
from web import current, frame
from web.access import allowed, open_to_all
from web.deletions import deletions
from web.filters import number
from web.lines import lines

home = Blueprint("home", __name__)
MOST_URGENT: Final = 12


@home.get("/", endpoint="home")
@allowed()
def show() -> ResponseReturnValue:
    """Accueil."""
    works, soon = current.agent().rights.has(*WORKS_ON_DEMANDS), timedelta(days=frame.townhall().soon_late_days)
    lists, scope, now = current.parts().lists, current.scope(), current.now()
    rows = lists.urgent(scope, now, soon, MOST_URGENT) if works else []
    current.already_counted(lists.counters(scope, now) if works else None)
    return render_template(
        "home.html", lines=lines(rows), deletions=deletions(rows), counters=current.counters(), late=late
    )


def late(count: int) -> str:
    """How many are late; where they are no longer counted, « 300 ou plus »."""
    return number(count) if count < AT_MOST_LATE else f"{number(count)} ou plus"


@home.get("/compteurs")
@allowed(*WORKS_ON_DEMANDS)
def counts() -> dict[str, str]:
    """The numbers beside the sections, by address: a page that was left and is looked at again shows them anew."""
    return {address: number(count) for address, _, count in frame.sections() if count is not None}


@home.get("/manifest.webmanifest")
@open_to_all
def manifest() -> Response:
    """« Créer un raccourci »: what the browser needs to put Suivi among the applications."""
    asset = frame.asset
    icons = [
        {"src": asset("icon.svg"), "type": "image/svg+xml", "sizes": "any"},
        {"src": asset("icon-192.png"), "type": "image/png", "sizes": "192x192"},
        {"src": asset("icon-512.png"), "type": "image/png", "sizes": "512x512"},
    ]
    body = {
        "name": f"Suivi – {frame.townhall().name}",
        "short_name": "Suivi",
        "lang": "fr",
        "start_url": url_for("home.home"),
        "display": "standalone",
        "background_color": "#f5f7fa",
        "theme_color": "#18325f",
        "icons": icons,
    }
    return Response(json.dumps(body), content_type="application/manifest+json")
