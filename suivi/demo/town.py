"""The fictitious town hall of Saint-Aubin-sur-Loire: how to reach it, its services and the people who work there."""

from typing import Final, NamedTuple

from suivi.demo.people import CITY, POSTAL_CODE
from suivi.demo.remarks import CLOSING_COMMENTS, COMMENTS, CONTACT_LETTERS, HOLD_DETAILS, REASSIGNMENT_NOTES

MAIL_DOMAIN: Final = "saint-aubin.example"
CIVIL_STATUS: Final = "État civil"
ELECTIONS: Final = "Élections et citoyenneté"
PLANNING: Final = "Urbanisme et domaine public"
EDUCATION: Final = "Éducation et restauration scolaire"

_TOWN_HALL: Final = f"1 place de l’Hôtel-de-Ville\n{POSTAL_CODE} {CITY}"
TOWN: Final = {"name": f"Mairie de {CITY}"}
HOTLINE: Final = {
    "phone": "02 61 91 00 00",
    "fax": "02 61 91 00 01",
    "email": f"assistance@{MAIL_DOMAIN}",
    "address": f"Mairie de {CITY}\n{_TOWN_HALL}",
}
SERVICES: Final[dict[str, dict[str, str]]] = {
    CIVIL_STATUS: {
        "address": f"Service État civil, rez-de-chaussée\n{_TOWN_HALL}",
        "email": f"etat-civil@{MAIL_DOMAIN}",
        "phone": "02 61 91 00 10",
    },
    ELECTIONS: {
        "address": f"Service Élections et citoyenneté, rez-de-chaussée\n{_TOWN_HALL}",
        "email": f"elections@{MAIL_DOMAIN}",
        "phone": "02 61 91 00 20",
    },
    PLANNING: {
        "address": f"Service Urbanisme et domaine public\n14 quai des Mariniers\n{POSTAL_CODE} {CITY}",
        "email": f"urbanisme@{MAIL_DOMAIN}",
        "phone": "02 61 91 00 30",
    },
    EDUCATION: {
        "address": f"Service Éducation et restauration scolaire\n3 rue des Écoles\n{POSTAL_CODE} {CITY}",
        "email": f"education@{MAIL_DOMAIN}",
        "phone": "02 61 91 00 40",
    },
}


class DemoAgent(NamedTuple):
    """A person who works at the fictitious town hall; no procedures means all those of the services."""

    code: str
    name: str
    email: str
    roles: tuple[str, ...]
    services: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()


def _agent(
    code: str, name: str, roles: tuple[str, ...], services: tuple[str, ...] = (), procedures: tuple[str, ...] = ()
) -> DemoAgent:
    return DemoAgent(code, name, f"{code}@{MAIL_DOMAIN}", roles, services, procedures)


AGENTS: Final[tuple[DemoAgent, ...]] = (
    _agent("camille.durand", "Camille Durand", ("agent",), (CIVIL_STATUS,)),
    _agent("sonia.benali", "Sonia Benali", ("head",), (CIVIL_STATUS,)),
    _agent("yann.leguen", "Yann Le Guen", ("agent",), (CIVIL_STATUS,), ("AEN", "AEM", "AED", "SLF")),
    _agent("helene.oeuvrard", "Hélène Œuvrard", ("agent",), (CIVIL_STATUS, ELECTIONS)),
    _agent("minh.nguyen", "Minh Nguyễn", ("head",), (ELECTIONS,)),
    _agent("fatou.diallo", "Fatou Diallo", ("agent",), (ELECTIONS,)),
    _agent("marc.obrien", "Marc O’Brien", ("head",), (PLANNING,)),
    _agent("ines.dalmeida", "Inès D’Almeida", ("agent",), (PLANNING,)),
    _agent("lucas.petit", "Lucas Petit", ("agent",), (PLANNING,), ("SIG", "ODP")),
    _agent("claire.delatour", "Claire de La Tour", ("head",), (EDUCATION,)),
    _agent("jose.nunez", "José Nuñez", ("agent",), (EDUCATION,)),
    _agent("anne.roche", "Anne Roche", ("admin",)),
    _agent("paul.schmitt", "Paul Schmitt", ("auditor",)),
    _agent("lea.wojcik", "Léa Wójcik", ("analyst",)),
)

__all__ = [
    "AGENTS", "CLOSING_COMMENTS", "COMMENTS", "CONTACT_LETTERS", "HOLD_DETAILS", "HOTLINE", "MAIL_DOMAIN",
    "REASSIGNMENT_NOTES", "SERVICES", "TOWN", "DemoAgent",
]  # fmt: skip
