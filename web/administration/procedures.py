"""The procedures of the town, each with its delays and the service that treats it."""

from flask import render_template

from domain.rights import Role
from web import current
from web.access import allowed
from web.administration.blueprint import administration


@administration.get("/demarches")
@allowed(Role.ADMIN)
def procedures() -> str:
    """Les démarches."""
    directory = current.parts().office.directory
    listed = [directory.definition(code) for code in current.known().procedures]
    return render_template("administration/procedures.html", procedures=listed)
