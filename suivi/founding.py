"""What a new town hall starts with: the catalogue of procedures and the codes that agents choose from."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

from domain.definition import Definition, read_definition
from domain.errors import UnknownProcedure
from domain.facts import Command
from domain.office import Office
from domain.ports import LostRace
from domain.townhall import Settings, Term

_TRIES: Final = 20
TERMS: Final = {
    "event_type": {
        "piece_demandee": "Pièce demandée",
        "piece_recue": "Pièce reçue",
        "appel_usager": "Appel de l’usager",
        "courrier_envoye": "Courrier envoyé",
        "acte_expedie": "Acte expédié",
        "rendez_vous_fixe": "Rendez-vous fixé",
    },
    "reason": {
        "piece_demandee": "Pièce demandée à l’usager",
        "avis_attendu": "Avis d’un autre service attendu",
        "rendez_vous": "Rendez-vous fixé",
        "autre": "Autre motif",
    },
    "outcome": {
        "traitee": "Traitée",
        "refusee": "Refusée",
        "sans_suite": "Sans suite",
        "transmise": "Transmise à un autre organisme",
    },
}


def found(office: Office, command: Command, settings: Settings) -> None:
    """Install the town hall, its codes and the catalogue; what stands already is left as the town made it.

    What is missing is added each time, so that an installation cut short is completed by the next one, and one that
    another process completes at the same moment is looked at again.
    """
    for left in reversed(range(_TRIES)):
        try:
            _add_missing(office, command, settings)
        except LostRace:
            if not left:
                raise
        else:
            return


def _add_missing(office: Office, command: Command, settings: Settings) -> None:
    directory = office.directory
    directory.found(command, settings)
    for vocabulary, terms in TERMS.items():
        with directory.change_townhall(_next(command, vocabulary)) as townhall:
            known = townhall.vocabularies[vocabulary]
            townhall.add_terms(vocabulary, [Term(code, label) for code, label in terms.items() if code not in known])
    for definition in catalogue():
        try:
            directory.procedure(definition.code)
        except UnknownProcedure:
            directory.define_procedure(_next(command, definition.code), definition)


def catalogue() -> Iterator[Definition]:
    """The procedures that Suivi ships, in order."""
    for raw in raw_catalogue():
        yield read_definition(raw)


def raw_catalogue() -> Iterator[dict[str, Any]]:
    """The catalogue as it is written."""
    folder = resources.files("suivi") / "catalogue"
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name):
        yield json.loads(file.read_text(encoding="utf-8"))


def _next(command: Command, name: str) -> Command:
    return Command(command.actor, command.at, f"{command.id}:{name}", command.correlation_id)
