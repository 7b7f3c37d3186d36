"""Invented citizens: no name, telephone number or address here belongs to anybody.

Telephone numbers come from the blocks that the regulator (ARCEP) keeps for fiction; mail addresses from RFC 2606.
"""

import json
import random
import unicodedata
from importlib.resources import files
from typing import Any, Final

CITY: Final = "Saint-Aubin-sur-Loire"
POSTAL_CODE: Final = "49990"
FICTION_BLOCKS: Final = ("019900", "026191", "035301", "046571", "053649", "063998")
MAIL_DOMAINS: Final = ("example.org", "example.com", "example.net")
_MOBILE: Final = FICTION_BLOCKS[-1]
_WORDS: Final[dict[str, list[Any]]] = json.loads(files(__package__).joinpath("people.json").read_text(encoding="utf-8"))
_LETTERS: Final = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "đ": "d", "ł": "l", "ø": "o", "ı": "i", "’": "", " ": "-"}
)


def applicant(rng: random.Random, *, with_email: float = 0.75, with_address: float = 0.9) -> dict[str, Any]:
    """A citizen in the shape of the common block; what he did not give is left out, or null for the civility."""
    woman = rng.random() < 0.54
    civility = "Mme" if woman else "M."
    person: dict[str, Any] = {
        "civility": civility if rng.random() < 0.96 else None,
        "last_name": last_name(rng),
        "first_name": first_name(rng, "f" if woman else "m"),
    }
    if rng.random() < (0.28 if woman else 0.03):
        person["usage_name"] = _usage_name(rng, person["last_name"])
    person |= _ways_to_reach(rng, person, with_email)
    if rng.random() < with_address:
        person["address"] = address(rng) if rng.random() < 0.85 else elsewhere(rng)
    return person


def last_name(rng: random.Random) -> str:
    """A family name, of any of the origins France has."""
    return str(rng.choice(_WORDS["last_names"]))


def first_name(rng: random.Random, gender: str | None = None) -> str:
    """A first name; the gender is « f », « m » or unknown."""
    given = gender or rng.choice("fm")
    return str(rng.choice(_WORDS["women" if given == "f" else "men"]))


def first_names(rng: random.Random, gender: str | None = None) -> str:
    """One to three first names, as civil status writes them."""
    given = gender or rng.choice("fm")
    names = dict.fromkeys(first_name(rng, given) for _ in range(rng.choice((1, 2, 2, 3))))
    return ", ".join(names)


def full_name(rng: random.Random) -> str:
    """First and family name of somebody."""
    return f"{first_name(rng)} {last_name(rng)}"


def phone(rng: random.Random, *, mobile: bool = False) -> str:
    """Ten digits that ring nowhere."""
    block = _MOBILE if mobile or rng.random() < 0.6 else rng.choice(FICTION_BLOCKS)
    return f"{block}{rng.randrange(10_000):04}"


def email(rng: random.Random, first: str, last: str) -> str:
    """An address in a domain that receives nothing."""
    number = rng.choice(("", "", str(rng.randrange(1, 100))))
    return f"{_plain(first)}.{_plain(last)}{number}@{rng.choice(MAIL_DOMAINS)}"


def address(rng: random.Random) -> dict[str, str]:
    """A postal address in town."""
    return _at(rng, CITY, POSTAL_CODE)


def elsewhere(rng: random.Random) -> dict[str, str]:
    """A postal address in another commune of France."""
    city, postal_code = rng.choice(_WORDS["elsewhere"])
    return _at(rng, city, postal_code)


def abroad(rng: random.Random, wanted: str | None = None) -> dict[str, str]:
    """A postal address outside France, in the country wanted if one is known there."""
    there = [place for place in _WORDS["abroad"] if place[-1] == wanted] or _WORDS["abroad"]
    line1, postal_code, city, country = rng.choice(there)
    return {"line1": line1, "postal_code": postal_code, "city": city, "country": country}


def _at(rng: random.Random, city: str, postal_code: str) -> dict[str, str]:
    number = f"{rng.randrange(1, 120)}{rng.choice(('', '', '', '', ' bis', ' ter'))}"
    place = {"line1": f"{number} {rng.choice(_WORDS['streets'])}"}
    if rng.random() < 0.2:
        place["line2"] = rng.choice(_WORDS["complements"])
    return place | {"postal_code": postal_code, "city": city}


def _usage_name(rng: random.Random, birth_name: str) -> str:
    other = last_name(rng)
    double = "-" not in birth_name + other and rng.random() < 0.2
    return f"{birth_name}-{other}" if double else other


def _ways_to_reach(rng: random.Random, person: dict[str, Any], with_email: float) -> dict[str, str]:
    ways = {}
    if rng.random() < with_email:
        ways["email"] = email(rng, person["first_name"], person.get("usage_name", person["last_name"]))
    if rng.random() < (0.8 if ways else 0.97):
        ways["phone"] = phone(rng)
    return ways


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return "".join(letter for letter in decomposed if letter.isascii() and (letter.isalnum() or letter == "-"))
