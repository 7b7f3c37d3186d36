"""Aide: the seven actions of the guide, one page each, and how to reach the hotline."""

from typing import Final

import msgspec
from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from web.access import open_to_all

help_pages = Blueprint("help", __name__)


class Topic(msgspec.Struct, frozen=True):
    """One action: its address, its title, what it is for, its icon, what its picture shows and how high it is.

    The picture is ``static/help/<slug>.png``, taken from the real screens by ``make pictures``.
    """

    slug: str
    title: str
    summary: str
    icon: str
    picture: str
    height: int = 760


PICTURE_WIDTH: Final = 1_200
TOPICS: Final = (
    Topic(
        "voir-les-demandes",
        "Voir les demandes non traitées",
        "Ce que personne n’a encore pris.",
        "inbox",
        "La liste « Non traitées » : une demande par ligne, avec sa référence, l’usager, la date de réception, "
        "l’échéance ; à droite, la loupe, la page et le bouton « Prendre en compte ».",
    ),
    Topic(
        "prendre-en-compte",
        "Prendre une demande en compte",
        "Dire que vous vous en chargez.",
        "person-check",
        "La page d’une demande : à gauche son contenu, à droite sa situation, puis, sous « Que faire maintenant ? », "
        "le bouton « Prendre en compte », entouré.",
        920,
    ),
    Topic(
        "evenements",
        "Jalonner la demande d’événements",
        "Garder la trace de ce qui se passe.",
        "chat-left-text",
        "L’historique d’une demande : en haut le formulaire « Ajouter un événement », dont le bouton « Ajouter » est "
        "entouré ; dessous, la feuille de route.",
    ),
    Topic(
        "reattribuer",
        "Réattribuer une demande",
        "La confier à un autre agent du service.",
        "arrow-left-right",
        "La page d’une demande, « Réattribuer » déplié : la liste « À quel agent ? », un mot pour l’agent et le bouton "
        "« Réattribuer », entouré.",
        860,
    ),
    Topic(
        "courriel",
        "Envoyer un courriel à l’usager",
        "L’accusé de réception, et la réponse.",
        "envelope",
        "La page de l’accusé de réception : le destinataire, l’objet, le message à modifier, l’aperçu, et les deux "
        "boutons « Envoyer », entouré, et « Annuler ».",
        1_100,
    ),
    Topic(
        "statistiques",
        "Obtenir les statistiques",
        "Les volumes, les délais, le respect des délais.",
        "bar-chart",
        "La page « Statistiques » : la période choisie, les chiffres principaux et les premiers graphiques.",
    ),
    Topic(
        "journal",
        "Consulter le journal",
        "Les demandes terminées et les archives.",
        "journal-text",
        "Le « Journal » : une demande terminée par ligne, avec sa référence, sa démarche, ses agents, ses dates et son "
        "issue, sans rien de personnel.",
    ),
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
    shown = {"topic": TOPICS[place], "number": place + 1, "before": before, "after": after, "width": PICTURE_WIDTH}
    return render_template(f"help/{slug}.html", **shown)


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
