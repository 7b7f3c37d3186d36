"""The keyed tokens by which open demands are found by name; a value that does not open has none, and no error."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from domain.applicant import read_applicant
from domain.errors import Erased
from domain.sealing import DataKey, Keyring, Sealed, place
from projections.names import findable
from projections.rows import hexadecimal

Keys = Callable[[Sequence[UUID]], Mapping[UUID, DataKey]]
Findable = tuple[int, str | UUID, str, int, bytes | None]
"""An open demand's number, identity, service, instant of receipt and sealed applicant."""
TokenRow = tuple[str, bytes, int, int]
_MOST: Final = 50_000


class Searching:
    """Makes the tokens of one generation, under its own key; equal texts are hashed once in a job."""

    def __init__(self, keyring: Keyring, generation: UUID) -> None:
        self._keyring, self._generation = keyring, generation
        self._known: dict[str, bytes] = {}

    def rows(self, demands: Iterable[Findable]) -> Iterator[TokenRow]:
        """The rows of ``search_tokens`` of some open demands."""
        wanted = [
            (seq, UUID(hexadecimal(identity)), service, received, applicant)
            for seq, identity, service, received, applicant in demands
        ]
        if not wanted:
            return
        found = self._keyring.keys([self._generation, *(owner for _, owner, *_ in wanted)])
        search_key = found.get(self._generation)
        if search_key is None:
            return
        for seq, owner, service, received, applicant in wanted:
            for text in sorted(_texts(owner, applicant, found.get(owner))):
                yield service, self._token(text, search_key), received, seq

    def _token(self, text: str, key: DataKey) -> bytes:
        token = self._known.get(text)
        if token is None:
            if len(self._known) > _MOST:
                self._known.clear()
            token = self._known[text] = key.token(text)
        return token


def _texts(owner: UUID, applicant: bytes | None, key: DataKey | None) -> set[str]:
    if key is None or applicant is None:
        return set()
    try:
        text = key.open(Sealed(applicant), place(owner, 1, "applicant"))
    except Erased:
        return set()
    return findable(read_applicant(text))
