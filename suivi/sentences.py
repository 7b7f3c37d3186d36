"""What a refusal of the rules says on the command line: one French sentence, with what to do."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from domain import errors
from domain.errors import Refused
from domain.facts import UnreadableFact
from projections.names import plain

_TOPIC: Final = 60
_EXISTS: Final = {"agent": "L’agent", "API client": "Le client d’API"}
_UNKNOWN: Final[Mapping[type[Refused], str]] = {
    errors.MiscopiedReference: "La référence {} est mal recopiée : vérifiez-la caractère par caractère.",
    errors.UnknownDemand: "Aucune demande ne porte la référence {}.",
    errors.UnknownAgent: "Aucun agent n’a le code {} : « suivi agent list » les donne.",
    errors.UnknownClient: "Aucun client d’API ne s’appelle {} : « suivi api-client list » les donne.",
}
_PATH: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")
_EXPECTED: Final = re.compile(r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<found>[^`]*)`)?")
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]*)`")


def sentence(error: Refused) -> str:
    """A refusal, said to whoever typed the command."""
    match error:
        case errors.UnknownDemand() | errors.UnknownAgent() | errors.UnknownClient():
            return _UNKNOWN[type(error)].format(error.name)
        case errors.UnknownService():
            return f"Le service « {error.name} » n’existe pas. {listed('Services', sorted(error.known, key=plain))}"
        case errors.UnknownProcedure():
            return f"La démarche « {error.name} » n’existe pas. {listed('Démarches', error.known)}".strip()
        case errors.UnknownCode():
            return f"« {error.name} » n’existe pas. {listed('Codes', error.known)}"
        case errors.AlreadyExists():
            return f"{_EXISTS.get(error.what, error.what)} {error.name} existe déjà."
        case errors.NotAllowedNow():
            return f"{error.fact} est impossible quand la demande est {error.status}"
        case errors.Invalid():
            return " ".join(f"{field} : {' '.join(messages)}" for field, messages in error.errors.items())
        case _:
            return str(error)


def stopped(error: UnreadableFact) -> str:
    """Which fact cannot be read, and what to do; it may follow other words."""
    where = f"n° {error.number}" if error.number is not None else f"{error.version} de {error.identity}"
    return (
        f"le fait {where} ({error.topic[:_TOPIC]}) ne peut pas être lu par ce programme : les listes et statistiques "
        "s’arrêtent avant lui. Installez la version de Suivi qui l’a écrit, ou lancez « suivi verify »."
    )


def listed(what: str, names: Iterable[str]) -> str:
    """The known names, to choose from."""
    known = ", ".join(names)
    return f"{what} : {known}." if known else ""


def misshapen(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where JSON has not the shape it should, and what is wrong there; never the value itself."""
    text = str(error)
    found = _PATH.search(text)
    path = found["path"] if found else ""
    if missing := _MISSING.search(text):
        return path, f"il manque le champ « {missing['field']} »"
    if expected := _EXPECTED.search(text):
        got = f", pas {expected['found']}" if expected["found"] else ""
        return path, f"on attend {expected['wanted']}{got}"
    return path, "cette valeur n’est pas acceptée"
