"""What administrators' pages call settings, contacts, labels and parts of a procedure, when one of them has changed."""

from collections.abc import Mapping
from typing import Final

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
