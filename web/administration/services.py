"""The services of the town and how citizens reach each: what every letter of its procedures gives."""

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from marshmallow import fields
from msgspec import Struct
from msgspec.structs import replace
from werkzeug import Response

from domain.errors import UnknownService
from domain.rights import Role
from domain.townhall import LONGEST_SERVICE, Contact, Townhall
from projections.names import plain
from web import current
from web.access import allowed
from web.administration.blueprint import administration
from web.forms import Email, Form, Length, rerender

LONGEST_LINE: Final = 200


class Service(Struct, frozen=True):
    """A service, its own contact, the one its letters give, and the titles of its procedures."""

    name: str
    own: Contact
    given: Contact
    procedures: tuple[str, ...]


class TypedContact(Form):
    """How citizens reach a service; an emptied box means that there is none."""

    address = fields.String(load_default="", validate=Length(max=LONGEST_LINE))
    email = fields.String(load_default="", validate=[Length(max=LONGEST_LINE), Email()])
    phone = fields.String(load_default="", validate=Length(max=LONGEST_LINE))


def listed() -> list[Service]:
    """Every service, by name."""
    townhall = current.parts().office.directory.townhall()
    return [_service(townhall, name) for name in sorted(townhall.services, key=plain)]


def contact_page() -> dict[str, Any]:
    """What the page of one service shows; raises UnknownService."""
    townhall, name = current.parts().office.directory.townhall(), request.values.get("service", "")
    if len(name) > LONGEST_SERVICE or name not in townhall.services:
        raise UnknownService(name[:LONGEST_SERVICE])
    version = current.seen_version() or townhall.version
    return {"service": _service(townhall, name), "version": version, "longest": LONGEST_LINE}


@administration.get("/services")
@allowed(Role.ADMIN)
def services() -> str:
    """Les services."""
    found = listed()
    lacking = sum(not service.given.complete for service in found)
    return render_template("administration/services.html", services=found, lacking=lacking)


@administration.get("/services/coordonnees")
@allowed(Role.ADMIN)
def service() -> Response | str:
    """Les coordonnées d’un service."""
    if not request.values.get("service"):
        return _unnamed()
    return render_template("administration/service.html", **contact_page())


@administration.post("/services/coordonnees")
@allowed(Role.ADMIN)
@rerender("administration/service.html", contact_page)
def change_service() -> Response:
    """Enregistrer les coordonnées d’un service."""
    if not request.values.get("service"):
        return _unnamed()
    page, typed = contact_page(), TypedContact().load(request.form)
    before = page["service"]
    same = replace(before.own, **typed) == before.own
    current.parts().office.directory.change_contact(
        current.command(), before.name, lambda contact: replace(contact, **typed), page["version"]
    )
    flash("Rien n’a changé." if same else f"Les coordonnées du service «\u00a0{before.name}\u00a0» sont enregistrées.")
    return redirect(url_for(".services"), 303)


def _unnamed() -> Response:
    flash("Choisissez un service.")
    return redirect(url_for(".services"), 303)


def _service(townhall: Townhall, name: str) -> Service:
    titles = (row.title for row in current.known().procedures.values() if row.service == name)
    return Service(name, townhall.services[name], townhall.contact_of(name), tuple(sorted(titles, key=plain)))
