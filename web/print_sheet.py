"""The printable sheet of one demand: its content and its history on paper, as far as its reader may see them."""

import re
from typing import Final

from flask import Blueprint, redirect, render_template, url_for
from werkzeug import Response

from domain.references import read_reference
from web import current
from web.access import allowed
from web.demands import LOOK_AT_DEMANDS, frame, opened
from web.sheets import sheet
from web.timeline import timeline

print_sheet = Blueprint("print_sheet", __name__)
_NOT_PLAIN: Final = re.compile(r"[^\w .,-]")


@print_sheet.get("/demandes/<reference>/fiche")
@allowed(*LOOK_AT_DEMANDS)
def show(reference: str) -> Response | str:
    """La fiche imprimable."""
    if (written := read_reference(reference)) != reference:
        return redirect(url_for(".show", reference=written), 303)
    dossier = opened(reference, "sheet")
    shown = {"groups": sheet(dossier), "moments": timeline(dossier)[::-1], "printed_at": current.now()}
    return render_template("demands/print.html", **shown, **frame(dossier))


@print_sheet.get("/demandes/<reference>/fiche.css")
@allowed(*LOOK_AT_DEMANDS)
def margins(reference: str) -> Response:
    """What stands at the foot of every printed page: a loose sheet says whose it is, and of what demand.

    A rule of style is the one way to write there, and the page itself may hold none (Content-Security-Policy).
    """
    demand = current.parts().office.dossier(reference, current.agent()).demand
    said = f"{current.parts().office.directory.townhall().settings.name} · {demand.reference}"
    return Response(f'@page {{ @bottom-left {{ content: "{_css_text(said)}"; }} }}\n', mimetype="text/css")


def _css_text(text: str) -> str:
    """The inside of a CSS string: every other character than letters and digits is escaped by its number."""
    return _NOT_PLAIN.sub(lambda found: f"\\{ord(found[0]):x} ", text)
