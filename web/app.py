"""The whole web on one screen: what is installed, in which order, and which pages there are."""

from typing import Final

from flask import Flask
from flask_babel import Babel

from web import access, around, errors, filters, frame, measures, pieces, security
from web.actions import actions
from web.activation import activation
from web.administration import administration
from web.api import api_blueprints
from web.closure import closure
from web.contact import contact
from web.demands import demands
from web.health import health
from web.help import help_pages
from web.home import home
from web.journal import journal
from web.letters import letters
from web.list_export import list_export
from web.lists import lists
from web.login import login
from web.mailbox import mailbox
from web.named_filters import named_filters
from web.operations import operations
from web.own_access import own_access
from web.parts import Parts
from web.preferences import account
from web.print_sheet import print_sheet
from web.quick import quick
from web.search import search
from web.selection import selection
from web.statistics import statistics
from web.templating import Templates

PAGES: Final = (
    *(login, activation, home, help_pages, health),
    *(lists, list_export, named_filters, search, quick),
    *(demands, actions, letters, contact, closure, print_sheet, journal, statistics),
    *(administration, account, own_access, selection, operations),
)
OPENED: Final = ("static", "api-docs.openapi_json")


def create_app(parts: Parts) -> Flask:
    """The pages and the API over what the composition root built; raises MissingRule for a view without a rule."""
    app = Flask("web")
    app.jinja_environment = Templates
    parts.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.strict_slashes = False
    Babel(app, default_locale="fr")  # type: ignore[no-untyped-call]  # an untyped library
    filters.install_words(app)
    errors.install(app)
    measures.install(app)
    csrf = security.install(app, parts)
    app.before_request(access.guard)
    filters.install(app)
    frame.install(app)
    around.install(app)
    pieces.install(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    if parts.demo:
        app.register_blueprint(mailbox)
    for blueprint in api_blueprints(app):
        csrf.exempt(blueprint)
    access.require_rules(app, OPENED)
    return app
