"""How a name is found without being readable: normalised words, their prefixes, and keyed tokens of those.

Tokens leak frequencies: whoever reads the file of open demands can count equal ones; they leave at closure.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from domain.applicant import Applicant
from domain.sealing import DataKey

SHORTEST_PREFIX: Final = 3
LONGEST_PREFIX: Final = 24
MOST_WORDS: Final = 8
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "đ": "d", "ł": "l", "ø": "o", "ð": "d", "þ": "th"})
_APOSTROPHES: Final = re.compile(r"['’ʼ`´]")
_BREAKS: Final = re.compile(r"[\s\-‐‑–—.,;:/*%?!_\"«»“”()\[\]…]+")
"""What stands between words; so « mar* » is the beginning « mar », and « (Zoé) » the word « zoe »."""
_DIGITS: Final = re.compile(r"\D+")
_FROM_ABROAD: Final = re.compile(r"(?:00)?330?([1-9][0-9]{8})")


def plain(text: str) -> str:
    """Lower case without accents: « Nuñez » and « nunez » are the same, « Œuvrard » is « oeuvrard »."""
    folded = text.casefold().translate(_LIGATURES)
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def words_of_name(name: str) -> set[str]:
    """The words under which a name is found: each part, the joined form, what follows an apostrophe."""
    text = plain(name)
    joined = _APOSTROPHES.sub("", text)
    found = set(_BREAKS.split(joined)) | {_BREAKS.sub("", joined)}
    for word in _BREAKS.split(text):
        found.update(_APOSTROPHES.split(word)[1:])
    return {word for word in found if word}


def phone_digits(phone: str) -> str:
    """A telephone's digits as they are dialled in France: +33 6…, 0033 6…, +33 (0)6… and 06… are the same."""
    digits = _DIGITS.sub("", phone)
    found = _FROM_ABROAD.fullmatch(digits)
    return f"0{found[1]}" if found else digits


def findable(applicant: Applicant) -> set[str]:
    """All the texts whose token finds this citizen; a mark in front keeps prefixes and whole words apart."""
    texts: set[str] = set()
    for name in (applicant.last_name, applicant.usage_name, applicant.first_name):
        for word in words_of_name(name or ""):
            texts.add(f"={word}")
            texts.update(f"^{word[:length]}" for length in _prefix_lengths(word))
    if applicant.email:
        texts.add(f"@{plain(applicant.email)}")
    if applicant.phone:
        texts.add(f"#{phone_digits(applicant.phone)}")
    return texts


def asked(typed: Iterable[str]) -> list[str]:
    """The texts that every result must bear, one for each word asked for."""
    return list(dict.fromkeys(text for piece in typed for text in _asked(piece)))[:MOST_WORDS]


def tokens(texts: Iterable[str], key: DataKey) -> list[bytes]:
    """The keyed tokens of texts, in order."""
    return [key.token(text) for text in texts]


def _asked(piece: str) -> Iterator[str]:
    if "@" in piece:
        yield f"@{plain(piece.strip())}"
        return
    digits = phone_digits(piece)
    if len(digits) >= SHORTEST_PREFIX and not any(c.isalpha() for c in piece):
        yield f"#{digits}"
        return
    for word in _BREAKS.split(_APOSTROPHES.sub("", plain(piece))):
        if word:
            long_latin = len(word) >= SHORTEST_PREFIX and word.isascii()
            yield f"^{word[:LONGEST_PREFIX]}" if long_latin else f"={word}"


def _prefix_lengths(word: str) -> range:
    return range(SHORTEST_PREFIX, min(len(word), LONGEST_PREFIX) + 1) if word.isascii() else range(0)
