"""Where a demand stands in its life, in the town hall's own words."""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """The five statuses of a demand; the values are stored and shown to outsiders."""

    UNTREATED = "NON_TRAITEE"
    IN_PROGRESS = "EN_COURS_DE_TRAITEMENT"
    ON_HOLD = "EN_ATTENTE"
    CLOSED = "CLOTUREE"
    DELETED = "SUPPRIMEE"


OPEN: Final = frozenset({Status.UNTREATED, Status.IN_PROGRESS, Status.ON_HOLD})
FINISHED: Final = frozenset({Status.CLOSED, Status.DELETED})
ANY: Final = frozenset(Status)
