"""The town hall's own words for what is stored as codes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.facts import Fact
from domain.rights import Role
from domain.status import Status

STATUSES: Final[Mapping[str, str]] = {
    Status.UNTREATED: "Non traitée",
    Status.IN_PROGRESS: "En cours",
    Status.ON_HOLD: "En attente",
    Status.CLOSED: "Clôturée",
    Status.DELETED: "Supprimée",
}
CHANNELS: Final[Mapping[str, str]] = {
    "internet": "Internet",
    "desk": "Guichet",
    "phone": "Téléphone",
    "post": "Courrier",
    "e-mail": "Courriel",
    "email": "Courriel",
}
ROLES: Final[Mapping[str, str]] = {
    Role.AGENT: "Agent",
    Role.HEAD: "Responsable de service",
    Role.ADMIN: "Administrateur",
    Role.AUDITOR: "Auditeur",
    Role.ANALYST: "Analyste",
}
LETTERS: Final[Mapping[str, str]] = {
    "registration_receipt": "accusé d’enregistrement",
    "acknowledgement": "avis de prise en compte",
    "contact": "courriel à l’usager",
    "closure": "courriel de clôture",
    "deletion": "avis de suppression",
}
NOTICES: Final[Mapping[str, str]] = {
    "new_demand": "nouvelle demande",
    "daily_digest": "nouvelles demandes du jour",
    "reminder": "relance",
    "deletion_warning": "avertissement avant suppression",
    "deletion_notice": "avis de suppression à l’agent",
    "reassignment": "réattribution",
    "activation_link": "lien d’activation",
}
WHY: Final[Mapping[str, str]] = {
    "no_address": "l’usager n’a pas laissé d’adresse électronique",
    "declined": "l’agent n’a pas souhaité d’envoi",
    "rejected": "le serveur de messagerie l’a refusé",
    "unreachable": "le serveur de messagerie est injoignable",
    "refused_sender": "le serveur de messagerie refuse l’adresse d’expédition de la mairie",
    "timeout": "le serveur de messagerie n’a pas répondu",
    "expired": "il n’a pas pu partir à temps",
}
LETTER_STATES: Final[Mapping[str, str]] = {"queued": "En attente d’envoi", "sent": "Envoyé", "failed": "Échec"}
CATEGORIES: Final[Mapping[str, str]] = {
    "applicant": "coordonnées de l’usager",
    "answers": "réponses au formulaire",
    "attachments": "pièces jointes",
    "comments": "commentaires",
    "details": "précisions d’attente",
    "mail": "textes des courriels",
}
ERASURES: Final[Mapping[str, str]] = {
    "closure": "à la clôture",
    "expiry": "à la suppression",
    "import": "à l’import",
}
KINDS: Final[Mapping[str, str]] = {
    "Submitted": "Demande reçue",
    "TakenInCharge": "Prise en compte",
    "PutOnHold": "Mise en attente",
    "Resumed": "Reprise du traitement",
    "Reassigned": "Réattribution",
    "EventAdded": "Événement",
    "MailRequested": "Courriel demandé",
    "MailSent": "Courriel envoyé",
    "MailFailed": "Courriel non remis",
    "MailDeclined": "Pas de courriel",
    "Reminded": "Relance",
    "ExpiryWarned": "Avertissement avant suppression",
    "Closed": "Clôture",
    "Expired": "Suppression sans traitement",
    "PersonalDataErased": "Données personnelles effacées",
}
KIND_ICONS: Final[Mapping[str, str]] = {
    "Submitted": "inbox",
    "TakenInCharge": "person-check",
    "PutOnHold": "pause-circle",
    "Resumed": "play-circle",
    "Reassigned": "arrow-left-right",
    "EventAdded": "chat-left-text",
    "MailRequested": "envelope",
    "MailSent": "envelope-check",
    "MailFailed": "envelope-exclamation",
    "MailDeclined": "envelope-x",
    "Reminded": "bell",
    "ExpiryWarned": "bell",
    "Closed": "check-circle",
    "Expired": "trash",
    "PersonalDataErased": "eraser",
}
IMPOSSIBLE: Final[Mapping[str, str]] = {
    "TakenInCharge": "Cette demande ne peut pas être prise en compte",
    "PutOnHold": "Cette demande ne peut pas être mise en attente",
    "Resumed": "Le statut en cours ne peut pas être réaffecté à cette demande",
    "Reassigned": "Cette demande ne peut pas être réattribuée",
    "EventAdded": "Aucun événement ne peut être ajouté à cette demande",
    "MailRequested": "Ce courriel ne peut pas être envoyé pour cette demande",
    "MailDeclined": "L’envoi d’un courriel ne peut plus être décidé pour cette demande",
    "Closed": "Cette demande ne peut pas être clôturée",
    "Expired": "Cette demande ne peut pas être supprimée",
}
BEFORE_CLOSURE: Final[Mapping[str, str]] = {
    Status.UNTREATED: " Prenez-la d’abord en compte.",
    Status.ON_HOLD: " Réaffectez d’abord le statut en cours.",
}


ACTIONS: Final[Mapping[str, str]] = {
    "actions.take_in_charge": "Prendre en compte la demande",
    "actions.put_on_hold": "Mettre en attente la demande",
    "actions.resume": "Réaffecter le statut en cours à la demande",
    "actions.reassign": "Réattribuer la demande",
    "actions.add_event": "Ajouter un événement à la demande",
    "letters.decide_acknowledgement": "Courriel de prise en compte de la demande",
    "contact.decide": "Courriel à l’usager de la demande",
    "closure.close": "Clôturer la demande",
}
"""The forms of a demand, by the view they go to."""
ACTIONS_ON_MANY: Final[Mapping[str, str]] = {
    "close": "Clôturer",
    "reassign": "Réattribuer",
    "add_event": "Ajouter un événement à",
    "labels": "Étiquettes de",
}
TYPED: Final[Mapping[str, str]] = {
    "comment": "Commentaire",
    "detail": "Précision",
    "note": "Mot pour l’agent",
    "subject": "Objet",
    "body": "Message",
}
DECISIONS: Final[Mapping[str, str]] = {
    "send": "Envoyer le courriel",
    "none": "Sans courriel",
    "cancel": "Sans courriel",
}
LETTER_TEXTS: Final[Mapping[str, str]] = {"own": "Celui de chaque démarche", "common": "Le même pour tous"}
DONE: Final[Mapping[str, str]] = {
    "TakenInCharge": "prise en compte",
    "PutOnHold": "mise en attente",
    "Resumed": "remise en cours",
    "Closed": "clôturée",
    "Expired": "supprimée",
}
"""What was done to a demand, after « l’a » or « Elle a été »."""


class Names:
    """What a sentence needs to speak of people and configured codes rather than of codes."""

    def __init__(self, agent: Callable[[str], str], term: Callable[[str, str], str]) -> None:
        self.agent, self.term = agent, term


def sentence(fact: Fact, names: Names) -> str:
    """A fact of a demand as one French sentence, nothing personal in it."""
    write = _SENTENCES.get(fact.name)
    return write(fact, names) if write is not None else KINDS.get(fact.name, fact.name)


def _who(fact: Fact, names: Names) -> str:
    return names.agent(fact.agent) if fact.agent else "Le système"


def _letter(fact: Any) -> str:
    return LETTERS.get(fact.kind, fact.kind)


def _submitted(fact: Any, _: Names) -> str:
    return f"Demande reçue ({CHANNELS.get(fact.channel, fact.channel).lower()})"


def _reassigned(fact: Any, names: Names) -> str:
    if fact.agent == fact.to:
        return f"{_who(fact, names)} s’est attribué la demande"
    before = f", suivie jusque-là par {names.agent(fact.previous)}" if fact.previous else ""
    return f"{_who(fact, names)} a attribué la demande à {names.agent(fact.to)}{before}"


def _closed(fact: Any, names: Names) -> str:
    outcome = f"\u00a0: {names.term('outcome', fact.outcome).lower()}" if fact.outcome else ""
    return f"{_who(fact, names)} a clôturé la demande{outcome}"


def _reminded(fact: Any, names: Names) -> str:
    return "Relance envoyée à " + (", ".join(names.agent(code) for code in fact.agents) or "l’administration")


def _warned(fact: Any, names: Names) -> str:
    told = ", ".join(names.agent(code) for code in fact.agents) or "l’administration"
    return f"Suppression annoncée, {fact.days_before} jours avant, à {told}"


def _erased(fact: Any, _: Names) -> str:
    what = ", ".join(CATEGORIES.get(name, name) for name, count in fact.categories.items() if count)
    erased = f"Données personnelles effacées {ERASURES.get(fact.reason, '')}".rstrip()
    return f"{erased}\u00a0: {what}" if what else erased


_SENTENCES: Final[Mapping[str, Callable[[Any, Names], str]]] = {
    "Submitted": _submitted,
    "TakenInCharge": lambda fact, names: f"{_who(fact, names)} a pris la demande en compte",
    "PutOnHold": lambda fact, names: (
        f"{_who(fact, names)} a mis la demande en attente\u00a0: {names.term('reason', fact.reason)}"
    ),
    "Resumed": lambda fact, names: f"{_who(fact, names)} a repris le traitement",
    "Reassigned": _reassigned,
    "EventAdded": lambda fact, names: names.term("event_type", fact.event_type),
    "MailRequested": lambda fact, names: (
        f"{_who(fact, names)} a demandé l’envoi\u00a0: {_letter(fact)}"
        if fact.agent
        else f"Envoi automatique\u00a0: {_letter(fact)}"
    ),
    "MailSent": lambda fact, _: f"Courriel remis au serveur de messagerie\u00a0: {_letter(fact)}",
    "MailFailed": lambda f, _: f"Courriel non remis ({_letter(f)})\u00a0: {WHY.get(f.why, f.why)}",
    "MailDeclined": lambda f, _: f"Pas de courriel ({_letter(f)})\u00a0: {WHY.get(f.why, f.why)}",
    "Reminded": _reminded,
    "ExpiryWarned": _warned,
    "Closed": _closed,
    "Expired": lambda _fact, _names: "Demande supprimée\u00a0: personne ne l’a prise en compte dans le délai",
    "PersonalDataErased": _erased,
}
