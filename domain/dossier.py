"""A demand as somebody may read it: its facts in order, and its sealed values while a key opens them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from domain.applicant import Applicant, read_applicant
from domain.demand import Demand
from domain.errors import Erased
from domain.facts import Fact
from domain.letters import Letter
from domain.procedure import Procedure
from domain.sealing import DataKey, Sealed, place


class Dossier:
    """One demand, read for one request; without a key, or without the right, every sealed value is None.

    ``definition`` is what is in force now; ``form`` is the version under which the demand was sent.
    """

    def __init__(
        self, demand: Demand, facts: Sequence[Fact], procedure: Procedure, find_key: Callable[[], DataKey | None]
    ) -> None:
        self.demand, self.facts = demand, facts
        self.definition = procedure.definition
        self.form = procedure.definitions[demand.form_version - 1]
        self._find_key, self._looked = find_key, False
        self._key: DataKey | None = None

    @property
    def applicant(self) -> Applicant | None:
        """The citizen, or None once erased or for a reader without the right."""
        text = self.opened(self.facts[0], "applicant")
        return read_applicant(text) if text else None

    @property
    def answers(self) -> dict[str, Any] | None:
        """The answers by field name, or None once erased or for a reader without the right."""
        text = self.opened(self.facts[0], "answers")
        answers: dict[str, Any] | None = msgspec.json.decode(text) if text else None
        return answers

    def letter(self, fact: Fact) -> Letter | None:
        """The text of a letter that was decided."""
        text = self.opened(fact, "letter")
        return msgspec.json.decode(text, type=Letter) if text else None

    def opened(self, fact: Fact, field: str) -> str | None:
        """One sealed value of one fact, or None."""
        sealed: Sealed | None = getattr(fact, field, None)
        key = self._data_key() if sealed is not None else None
        if key is None or sealed is None:
            return None
        try:
            return key.open(sealed, place(self.demand.id, fact.originator_version, field))
        except Erased:
            return None

    def _data_key(self) -> DataKey | None:
        if not self._looked:
            self._key, self._looked = self._find_key(), True
        return self._key


def shown(fact: Fact) -> dict[str, Any]:
    """What a fact says in clear, under the names of the API; sealed fields are left out."""
    return {name: getattr(fact, name, None) for name in fact.shows}
