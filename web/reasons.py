"""Why a demand is left aside when many are handled at once, before and after, in the town hall's words."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from flask_babel import gettext as _

from domain.status import Status
from web.filters import agent_name

SHOWN: Final = 500
"""References written out for one reason; a longer list says how many more there are."""
_ALREADY: Final[Mapping[str, str]] = {
    Status.UNTREATED: "pas encore prise en compte",
    Status.IN_PROGRESS: "en cours",
    Status.ON_HOLD: "en attente\u00a0: réaffectez d’abord le statut en cours",
    Status.CLOSED: "déjà clôturée",
    Status.DELETED: "déjà supprimée",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "unknown": "introuvable, ou hors de vos services",
    "not_allowed": "vos droits ne permettent pas cette action",
    "not_head": "suivie par quelqu’un d’autre, ou par personne\u00a0: ouvrez-la pour la réattribuer, ou demandez à un "
    "responsable de service",
    "inactive": "votre compte a été désactivé entre-temps",
    "code": "la valeur choisie n’est plus proposée par la mairie",
    "erased": "ses données personnelles sont déjà effacées",
    "no_address": "pas d’adresse postale",
    "no_street": "adresse postale sans rue ni numéro",
    "no_city": "adresse postale sans ville",
    "no_street_nor_city": "adresse postale sans rue ni ville",
    "refused": "l’action n’est pas possible",
    "error": "incident du service, noté pour l’administrateur\u00a0; réessayez",
    "abandoned": "l’opération n’a pas pu être menée à son terme\u00a0; recommencez-la",
}


class Left(msgspec.Struct, frozen=True):
    """A demand left aside: the code of the reason, with a status or an agent's code."""

    reference: str
    code: str
    detail: str | None = None


class Group(msgspec.Struct, frozen=True):
    """The demands left aside for one reason; those that the agent may not know of have no link."""

    sentence: str
    references: list[str]
    linked: bool
    total: int


def sentence(code: str, detail: str | None) -> str:
    """One reason."""
    match code:
        case "status":
            return _ALREADY.get(detail or "", _SENTENCES["refused"])
        case "overtaken":
            return _("%(agent)s a été plus rapide", agent=agent_name(detail))
        case "same_agent":
            return _("déjà confiée à %(agent)s", agent=agent_name(detail))
        case "not_able":
            return _("%(agent)s n’est plus actif ou n’a pas de droits sur cette démarche", agent=agent_name(detail))
        case _:
            return _SENTENCES.get(code, _SENTENCES["refused"])


def grouped(left: Iterable[Left]) -> list[Group]:
    """The reasons in the order they are met, each with its demands."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for one in left:
        found.setdefault((one.code, one.detail), []).append(one.reference)
    return [
        Group(sentence(code, detail), references[:SHOWN], code != "unknown", len(references))
        for (code, detail), references in found.items()
    ]
