"""The invented past of a town of any size: the same for everybody, known by its hash."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import msgspec

NOW: Final = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
SERVICE: Final = "État civil"
PROCEDURES: Final = ("AEN", "AEM", "AED", "SLF")
NAMES: Final = ("Martin", "Marchand", "Mariette", "Dubois", "Nuñez", "Lefèvre-Dupont", "O’Brien", "Ly", "Œuvrard")
FIRST_NAMES: Final = ("Marie", "Zoé", "Paul", "Łukasz")
OPEN_SHARE: Final = 10
SEED: Final = 20_270_301
_PAST_DAYS: Final = 400


class Planned(msgspec.Struct, frozen=True):
    """One demand; a tenth of them is open, a third of those is taken in charge."""

    number: int
    procedure: str
    last_name: str
    first_name: str
    begun: datetime
    taken: bool
    closed: bool


def planned(size: int) -> Iterator[Planned]:
    """The demands in the order in which they arrived."""
    random = Random(SEED)
    for number in range(size):
        closed = bool(number % OPEN_SHARE)
        yield Planned(
            number,
            PROCEDURES[number % len(PROCEDURES)],
            NAMES[random.randrange(len(NAMES))],
            random.choice(FIRST_NAMES),
            NOW - timedelta(days=_PAST_DAYS * (1 - number / size) + 1),
            closed or number % (3 * OPEN_SHARE) == 0,
            closed,
        )


def manifest(size: int) -> str:
    """The hash of the plan."""
    digest = hashlib.sha256()
    for demand in planned(size):
        digest.update(msgspec.json.encode(demand))
    return digest.hexdigest()
