"""References of demands: random, unique, easy to spell on the phone, with a check character.

``AEN-7QK3-M2XD-H5T1`` is a prefix taken from the procedure's code and twelve characters of Crockford's base 32,
the last of which is a Luhn mod 32 check.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from domain.errors import MiscopiedReference, UnknownDemand

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NAMESPACE: Final = UUID("5f3c1c57-0d0f-5c4e-9a41-3b1c6d1f7a10")
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_CONFUSED: Final = str.maketrans("OIL", "011")
_NUMBER_LENGTH: Final = 12
_LONGEST: Final = 40
EXAMPLE: Final = "AEN-7QK3-M2XD-H5T1"
"""For help texts, samples and documentation: no demand has it."""


def new_reference(procedure: str, random_bits: Callable[[int], int]) -> str:
    """Draw a reference for a procedure; ``random_bits(n)`` gives n random bits (``secrets.randbits``)."""
    bits = random_bits(5 * (_NUMBER_LENGTH - 1))
    body = "".join(ALPHABET[(bits >> 5 * place) & 31] for place in range(_NUMBER_LENGTH - 1))
    return written(prefix(procedure), body + check_character(body))


def prefix(procedure: str) -> str:
    """The first six letters and digits of a procedure's code, padded with X to three."""
    return "".join(c for c in procedure.upper() if c.isascii() and c.isalnum())[:6].ljust(3, "X")


def written(head: str, number: str) -> str:
    """The reference as it is printed: the prefix and three groups of four."""
    return "-".join((head, number[:4], number[4:8], number[8:]))


def check_character(body: str) -> str:
    """Luhn mod 32: catches every single mistyped character and most swapped neighbours."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = _VALUES[character] * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def read_reference(typed: str) -> str:
    """The reference that somebody meant: lower case, missing hyphens and O/I/L in the number are forgiven.

    Raises UnknownDemand when it cannot be one, MiscopiedReference when its check character is wrong.
    """
    compact = "".join(typed.upper().split()).replace("-", "")
    head, number = compact[:-_NUMBER_LENGTH], compact[-_NUMBER_LENGTH:].translate(_CONFUSED)
    readable = len(compact) <= _LONGEST and head.isascii() and head.isalnum() and set(number) <= _VALUES.keys()
    if not readable or len(number) != _NUMBER_LENGTH:
        raise UnknownDemand(typed[:_LONGEST])
    if check_character(number[:-1]) != number[-1]:
        raise MiscopiedReference(typed[:_LONGEST])
    return written(head, number)


def demand_id(reference: str) -> UUID:
    """The same reference always names the same history."""
    return uuid5(NAMESPACE, f"demand:{reference}")


@lru_cache(maxsize=1_024)
def stream_id(kind: str, code: str) -> UUID:
    """The same agent, procedure or town hall always names the same history."""
    return uuid5(NAMESPACE, f"{kind}:{code}")
