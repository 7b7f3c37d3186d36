"""The keys of a group of demands and of the letters that tell of their end, asked for together.

One key at a time costs one commit a letter: five thousand closures with a letter took four times as long.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from domain.errors import Erased
from domain.letters import LetterKind
from domain.references import NAMESPACE
from domain.sealing import DataKey, Keyring


class GroupKeyring:
    """A keyring for one group: the first key that is asked for brings the others; those not foreseen come alone.

    A letter's key that no letter comes to use is discarded by the sweep within hours, as any other.
    """

    def __init__(self, keyring: Keyring, demands: Sequence[UUID], command: str) -> None:
        self._keyring, self._demands = keyring, frozenset(demands)
        self._letters = frozenset(uuid5(NAMESPACE, f"mail:{one}:{LetterKind.CLOSURE}:{command}") for one in demands)
        self._opened: Mapping[UUID, DataKey] | None = None
        self._minted: Mapping[UUID, DataKey] | None = None

    def mint(self, owners: Iterable[UUID], kind: str, at: datetime) -> Mapping[UUID, DataKey]:
        """The keys of letters, minted together; one by one where another worker has sent some of them already."""
        wanted = list(owners)
        if not self._letters.issuperset(wanted):
            return self._keyring.mint(wanted, kind, at)
        if self._minted is None:
            try:
                self._minted = self._keyring.mint(self._letters, kind, at)
            except Erased:
                self._letters = frozenset()
                return self._keyring.mint(wanted, kind, at)
        return {owner: self._minted[owner] for owner in wanted}

    def mint_each(self, kinds: Mapping[UUID, str], at: datetime) -> Mapping[UUID, DataKey]:
        """As the keyring does."""
        return self._keyring.mint_each(kinds, at)

    def keys(self, owners: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The keys of demands, found together."""
        wanted = list(owners)
        if not self._demands.issuperset(wanted):
            return self._keyring.keys(wanted)
        if self._opened is None:
            self._opened = self._keyring.keys(self._demands)
        return {owner: self._opened[owner] for owner in wanted if owner in self._opened}

    def destroy(self, owners: Iterable[UUID], at: datetime) -> None:
        """As the keyring does."""
        self._keyring.destroy(owners, at)

    def passing(self) -> DataKey:
        """As the keyring does."""
        return self._keyring.passing()
