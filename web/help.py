"""Aide: the seven actions of the guide, one page each, and how to reach the hotline."""

from typing import Final

import msgspec
from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from web.access import open_to_all

help_pages = Blueprint("help", __name__)


class Topic(msgspec.Struct, frozen=True):
    """One action: its address, its title, what it is for, its icon."""

    slug: str
    title: str
    summary: str
    icon: str


TOPICS: Final = (
    Topic("voir-les-demandes", "Voir les demandes non traitées", "Ce que personne n’a encore pris.", "inbox"),
    Topic("prendre-en-compte", "Prendre une demande en compte", "Dire que vous vous en chargez.", "person-check"),
    Topic("evenements", "Jalonner la demande d’événements", "Garder la trace de ce qui se passe.", "chat-left-text"),
    Topic("reattribuer", "Réattribuer une demande", "La confier à un autre agent du service.", "arrow-left-right"),
    Topic("courriel", "Envoyer un courriel à l’usager", "L’accusé de réception, et la réponse.", "envelope"),
    Topic("statistiques", "Obtenir les statistiques", "Les volumes, les délais, le respect des délais.", "bar-chart"),
    Topic("journal", "Consulter le journal", "Les demandes terminées et les archives.", "journal-text"),
)
_PLACES: Final = {topic.slug: place for place, topic in enumerate(TOPICS)}


@help_pages.get("/aide")
@open_to_all
def index() -> ResponseReturnValue:
    """Aide."""
    return render_template("help/index.html", topics=TOPICS)


@help_pages.get("/aide/<slug>")
@open_to_all
def topic(slug: str) -> ResponseReturnValue:
    """One action, with the one before and the one after."""
    place = _PLACES.get(slug)
    if place is None:
        abort(404)
    before = TOPICS[place - 1] if place else None
    after = TOPICS[place + 1] if place + 1 < len(TOPICS) else None
    return render_template(f"help/{slug}.html", topic=TOPICS[place], number=place + 1, before=before, after=after)


@help_pages.get("/aide/raccourcis-clavier")
@open_to_all
def shortcuts() -> ResponseReturnValue:
    """Raccourcis clavier."""
    return render_template("help/shortcuts.html")


@help_pages.get("/aide/creer-un-raccourci")
@open_to_all
def shortcut_icon() -> ResponseReturnValue:
    """Créer un raccourci."""
    return render_template("help/shortcut_icon.html")
