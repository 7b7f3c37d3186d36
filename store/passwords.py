"""Which passwords are refused: short ones, very long ones, and common ones (NIST SP 800-63B, no composition rules)."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

SHORTEST: Final = 14
LONGEST: Final = 128
_FEWEST_BESIDES: Final = 6
_SHORTEST_WORD: Final = 3
_LIST: Final = "common_passwords.txt"
_NO_WORD: Final = re.compile(r"[\W_]+")


def faults(password: str, *names: str) -> list[str]:
    """Why a password cannot be accepted, as French sentences; none when it can; ``names`` are its owner's."""
    if len(password) < SHORTEST:
        return [f"{SHORTEST} caractères au moins : il en manque {SHORTEST - len(password)}."]
    if len(password) > LONGEST:
        return [f"{LONGEST} caractères au plus."]
    if not password.isprintable():
        return ["Des lettres, chiffres, espaces et symboles seulement."]
    if simplified(password) in common():
        return ["Ce mot de passe est trop courant : choisissez une suite de mots que vous seul associez."]
    if 0 <= _besides(simplified(password), names) < _FEWEST_BESIDES:
        return [f"Ce mot de passe est presque votre code ou votre nom : {_FEWEST_BESIDES} autres caractères au moins."]
    return []


def simplified(password: str) -> str:
    """Without case, accents, spaces and punctuation, as the list of common ones is written."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", password) if not unicodedata.combining(c))
    return _NO_WORD.sub("", plain.casefold())


def _besides(password: str, names: Iterable[str]) -> int:
    """How many characters are left without the words of these names; -1 where it has none of them."""
    words = {simplified(word) for name in names for word in _NO_WORD.split(name)}
    long = sorted((re.escape(word) for word in words if len(word) >= _SHORTEST_WORD), key=len, reverse=True)
    left, found = re.subn("|".join(long), "", password) if long else (password, 0)
    return len(left) if found else -1


@cache
def common() -> frozenset[str]:
    """The shipped list, simplified."""
    text = files("store").joinpath(_LIST).read_text("utf-8")
    return frozenset(simplified(line) for line in text.splitlines() if line and not line.startswith("#"))
