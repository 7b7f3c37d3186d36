"""The text of a letter before an agent edits it: the procedure's template, else the product's own."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from domain.applicant import Applicant
from domain.definition import Definition
from domain.letters import LetterKind, Template, legal_mentions
from domain.townhall import Townhall

_SIGNED: Final = "\n\n{mairie}\n{service}\n{coordonnees_service}\n"
ROOM: Final = "\n" * 6
"""Five blank lines: where an agent writes, between the opening and the closing formula."""
DEFAULTS: Final = {
    LetterKind.REGISTRATION_RECEIPT: Template(
        "Votre demande {reference} est enregistrée",
        "Bonjour,\n\nVotre demande « {demarche} » a été enregistrée le {date_reception} sous la référence {reference}. "
        "Conservez cette référence pour tout échange avec la mairie.\n\nCe message est envoyé automatiquement."
        + _SIGNED,
    ),
    LetterKind.ACKNOWLEDGEMENT: Template(
        "Accusé de réception de votre demande {reference}",
        "Bonjour {usager},\n\nVotre demande « {demarche} », reçue le {date_reception} sous la référence {reference}, "
        "est prise en compte par le service {service}.\n\n{mentions_legales}" + _SIGNED,
    ),
    LetterKind.CONTACT: Template(
        "Votre demande {reference}",
        "Bonjour {usager},\n\nAu sujet de votre demande « {demarche} » (référence {reference}) :"
        + ROOM
        + "Je reste à votre disposition pour toute question.\n\nCordialement,\n{agent}"
        + _SIGNED,
    ),
    LetterKind.CLOSURE: Template(
        "Votre demande {reference} est traitée",
        "Bonjour {usager},\n\nVotre demande « {demarche} » (référence {reference}) est close : {issue}.\n\n"
        "{commentaire}\n\n"
        "Vos données personnelles ont été effacées de notre logiciel à la clôture de la demande." + _SIGNED,
    ),
    LetterKind.DELETION: Template(
        "Votre demande {reference} est supprimée",
        "Bonjour {usager},\n\nVotre demande « {demarche} », reçue le {date_reception} sous la référence {reference}, "
        "n’a pas été traitée dans le délai prévu : elle est supprimée, et vos données personnelles sont effacées de "
        "notre logiciel. Si vous attendez toujours une réponse, adressez-vous au service ou refaites votre demande."
        + _SIGNED,
    ),
}


def template(definition: Definition, kind: LetterKind) -> Template:
    """The procedure's own template, or the default one."""
    return definition.templates.get(kind, DEFAULTS[kind])


def values(
    reference: str,
    definition: Definition,
    townhall: Townhall,
    submitted_at: datetime,
    zone: tzinfo,
    applicant: Applicant | None = None,
    agent_name: str = "",
) -> dict[str, str]:
    """What a template's variables stand for; ``issue`` and ``commentaire`` are known at closure only."""
    received = submitted_at.astimezone(zone).date()
    return {
        "reference": reference,
        "demarche": definition.title,
        "usager": applicant.courtesy_name if applicant else "",
        "date_reception": f"{received:%d/%m/%Y}",
        "service": definition.service,
        "coordonnees_service": contact_lines(townhall, definition.service),
        "mairie": townhall.settings.name,
        "agent": agent_name,
        "mentions_legales": legal_mentions(definition.silence, received),
    }


def draft(definition: Definition, kind: LetterKind, known: Mapping[str, str]) -> tuple[str, str]:
    """Subject and body, with what is known filled in."""
    return template(definition, kind).fill(known)


def contact_lines(townhall: Townhall, service: str) -> str:
    """How to reach the service, or the town's hotline where the service has no contact of its own."""
    contact = townhall.contact_of(service)
    telephone = f"Téléphone : {contact.phone}" if contact.phone else ""
    return "\n".join(filter(None, (contact.address, contact.email, telephone)))
