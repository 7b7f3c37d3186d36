"""A reference typed without its prefix: its twelve last characters, as citizens read them out on the telephone."""

import re
from typing import Final

from domain.errors import MiscopiedReference, UnknownDemand
from domain.references import check_character, prefix, written
from domain.rights import Role
from web import current, people

_SEES_ALL: Final = (Role.ADMIN, Role.ANALYST)
_CONFUSED: Final = str.maketrans("OIL", "011")
_SHAPE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{12}")
_HYPHENS: Final = 2
_WHOLE: Final = re.compile(r"(?=[0-9]*[A-Za-z])[0-9A-Za-z]{3,6}[0-9A-Za-z]{12}")


def looks_whole(typed: str) -> bool:
    """Whether a text looks like a reference with its prefix, right or miscopied, and like no name and no telephone."""
    compact = "".join(typed.split()).replace("-", "")
    grouped = typed.count("-") == _HYPHENS + 1 or any(character.isdigit() for character in typed)
    return grouped and _WHOLE.fullmatch(compact) is not None


def number_in(typed: str) -> str | None:
    """The number somebody meant, None for what has not its shape; raises MiscopiedReference for a wrong check.

    Twelve letters without a digit or hyphens are a name; twelve digits are a telephone.
    """
    compact = "".join(typed.upper().split()).replace("-", "")
    if len(compact) != len("".join(typed.split()).replace("-", "")) or not compact.isascii() or compact.isdigit():
        return None
    number = compact.translate(_CONFUSED)
    grouped = typed.count("-") == _HYPHENS or any(character.isdigit() for character in compact)
    if not (_SHAPE.fullmatch(number) and grouped):
        return None
    if check_character(number[:-1]) != number[-1]:
        raise MiscopiedReference(typed)
    return number


def with_number(typed: str) -> str | None:
    """The whole reference of a demand that this person may know of; None when there is none, or no such number."""
    number = number_in(typed)
    if number is None:
        return None
    heads = {prefix(code) for code in people.definitions()}
    found = current.parts().lists.written_so(sorted(written(head, number) for head in heads))
    return next(filter(_may_be_known, found), None)


def _may_be_known(reference: str) -> bool:
    if current.agent().rights.has(*_SEES_ALL):
        return True
    try:
        current.parts().office.dossier(reference, current.agent())
    except UnknownDemand:
        return False
    return True
