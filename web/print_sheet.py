"""The printable sheet of one demand: its content and its history on paper, as far as its reader may see them."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug import Response

from domain.references import read_reference
from web import current
from web.access import allowed
from web.demands import LOOK_AT_DEMANDS, frame, opened
from web.sheets import sheet
from web.timeline import timeline

print_sheet = Blueprint("print_sheet", __name__)


@print_sheet.get("/demandes/<reference>/fiche")
@allowed(*LOOK_AT_DEMANDS)
def show(reference: str) -> Response | str:
    """La fiche imprimable."""
    if (written := read_reference(reference)) != reference:
        return redirect(url_for(".show", reference=written), 303)
    dossier = opened(reference, "sheet")
    shown = {"groups": sheet(dossier), "moments": timeline(dossier)[::-1], "printed_at": current.now()}
    return render_template("demands/print.html", **shown, **frame(dossier))
