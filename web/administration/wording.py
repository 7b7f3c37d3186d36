"""What administrators' pages call settings, contacts, labels, parts of a procedure and the fields of their forms."""

from collections.abc import Mapping
from typing import Final

from domain.letters import LetterKind
from web.administration.silence import EFFECTS
from web.wording import LETTERS

WEEKDAYS: Final = (
    *((1, "lundi"), (2, "mardi"), (3, "mercredi"), (4, "jeudi"), (5, "vendredi")),
    *((6, "samedi"), (7, "dimanche")),
)
HOURS: Final = tuple((hour, f"{hour} h") for hour in range(24))
CALENDARS: Final = (("calendar", "calendaires"), ("working", "ouvrés (ni samedis, ni dimanches, ni jours fériés)"))
REST: Final = "le formulaire ou les droits de la démarche"
CHANGED: Final[Mapping[str, str]] = {
    "name": "le nom de la commune",
    "hotline": "l’assistance",
    "address": "l’adresse",
    "email": "le courriel",
    "phone": "le téléphone",
    "fax": "la télécopie",
    "term": "ce libellé",
    "soon_late_days": "le seuil «\u00a0bientôt\u00a0»",
    "alsace_moselle": "les jours fériés",
    "archive_after_days": "le délai des archives",
    "reminder_every_days": "la périodicité des relances",
    "reminder_times": "les jours et l’heure des relances",
    "digest_times": "les jours et l’heure du récapitulatif",
    "expiry_warning_days": "les avertissements avant suppression",
    "mails_per_minute": "le nombre de courriels par minute",
    "take_delay_days": "le délai de prise en compte",
    "close_delay_days": "le délai de clôture",
    "deletion_delay_days": "la suppression sans traitement",
    "delay_calendar": "les jours des délais",
    "receipt": "l’accusé d’enregistrement",
    "templates": "les modèles de courriels",
    "silence": "l’effet du silence",
    "fields": "le formulaire",
    "title": "le titre",
    "description": "la description",
    "service": "le service",
    "restricted": "l’accès au contenu des demandes",
}
_TOWN: Final[Mapping[str, str]] = {
    "name": "Nom",
    "hotline_address": "Adresse",
    "hotline_email": "Courriel",
    "hotline_phone": "Téléphone",
    "hotline_fax": "Télécopie",
    "alsace_moselle": "Jours fériés d’Alsace-Moselle",
    "soon_late_days": "«\u00a0Bientôt\u00a0», combien de jours avant l’échéance",
    "archive_after_days": "Archives, combien de jours après la fin",
    "reminder_every_days": "Relances, tous les combien de jours",
    "reminder_weekdays": "Jours des relances",
    "reminder_hour": "Heure des relances",
    "digest_weekdays": "Jours du récapitulatif",
    "digest_hour": "Heure du récapitulatif",
    "expiry_warning_days": "Avertir les agents, combien de jours avant la suppression",
    "mails_per_minute": "Courriels par minute, au plus",
}
_PROCEDURE: Final[Mapping[str, str]] = {
    "take_delay_days": "Prise en compte",
    "close_delay_days": "Clôture, après la prise en compte",
    "delay_calendar": "Jours",
    "reminder_every_days": "Relance, tous les combien de jours",
    "deletion_delay_days": "Supprimer une demande que personne ne prend en compte, après combien de jours",
    "silence_effect": "Sans réponse",
    "silence_months": "Au bout de combien de mois",
    "silence_appeal": "Voies de recours",
    "receipt": "Envoyer un accusé d’enregistrement dès l’arrivée de la demande",
    **{
        f"{part}_{kind}": f"{label}, {LETTERS[kind]}"
        for kind in LetterKind
        for part, label in (("subject", "Objet"), ("body", "Message"))
    },
}
FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "administration.change_settings": _TOWN,
    "administration.change_procedure": _PROCEDURE,
    "administration.change_service": {"address": "Adresse postale", "email": "Courriel", "phone": "Téléphone"},
    "administration.add_term": {"label": "Libellé", "code": "Code"},
    "administration.change_term": {"label": "Libellé"},
}
"""How the forms call their fields, in their order, by what saves them."""
_DAYS: Final = {str(day): label for day, label in WEEKDAYS}
_HOURS: Final = {str(hour): label for hour, label in HOURS}
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "reminder_weekdays": _DAYS,
    "reminder_hour": _HOURS,
    "digest_weekdays": _DAYS,
    "digest_hour": _HOURS,
    "delay_calendar": dict(CALENDARS),
    "silence_effect": dict(EFFECTS),
}
