"""The JSON that programs send, read strictly: what other readers guess at is refused here with a sentence."""

import json
import math
from typing import Any, Final, NoReturn

from flask import abort, request

from web.problems import problem

DEEPEST: Final = 20
MOST_MEMBERS: Final = 5_000
LONGEST_INTEGER: Final = 40
_UNREADABLE: Final = "JSON illisible"


class UnreadableJson(ValueError):
    """The body is no JSON object, or one that two readers would read differently."""


def read_body() -> dict[str, Any]:
    """The object in the request's body; anything else is answered here: 400, 413 or 415."""
    if request.mimetype != "application/json":
        abort(problem(415, "Type de contenu refusé", "Envoyez un objet JSON, « Content-Type: application/json »."))
    try:
        return read_object(request.get_data(cache=False))
    except UnreadableJson as unreadable:
        abort(problem(400, _UNREADABLE, str(unreadable)))


def read_object(raw: bytes) -> dict[str, Any]:
    """A JSON object of reasonable depth and size, without NaN, infinities or repeated names."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnreadableJson:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableJson("Le corps de la requête n’est pas un document JSON en UTF-8.") from error
    if not isinstance(value, dict):
        raise UnreadableJson("Un objet JSON est attendu.")
    _measure(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise UnreadableJson("Un même nom figure deux fois dans un objet.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableJson(f"{name} n’est pas un nombre JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise UnreadableJson("Un nombre est trop grand.")
    return number


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise UnreadableJson("Un nombre est trop grand.")
    return int(digits)


def _measure(value: Any) -> None:
    """Walk without recursion: depth and number of values stay within bounds."""
    level, members = [value], 0
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        members += len(level)
        if members > MOST_MEMBERS:
            raise UnreadableJson(f"Le document compte plus de {MOST_MEMBERS} valeurs.")
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise UnreadableJson(f"Le document a plus de {DEEPEST} niveaux.")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
