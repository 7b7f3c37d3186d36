"""Personal values, sealed before they are written anywhere: AES-256-GCM under the demand's own key."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import Erased

NONCE_BYTES = 12
KEY_BYTES = 32
TOKEN_BYTES = 16


class Sealed(msgspec.Struct, frozen=True):
    """A personal value that only the key of its demand can open; its repr shows nothing but a length."""

    box: bytes

    def __repr__(self) -> str:
        return f"Sealed({len(self.box)} bytes)"


class DataKey:
    """The key of one demand, letter or job, in memory for one request or one job only."""

    __slots__ = ("_aead", "_key", "_random")

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._aead, self._key, self._random = AESGCM(key), key, random_bytes

    def seal(self, text: str, context: bytes) -> Sealed:
        """Seal a text; ``context`` says where it belongs, so that a box moved elsewhere does not open."""
        nonce = self._random(NONCE_BYTES)
        return Sealed(nonce + self._aead.encrypt(nonce, text.encode(), context))

    def open(self, sealed: Sealed, context: bytes) -> str:
        """The text again; raises Erased when this key or this place is not the one it was sealed for."""
        try:
            return self._aead.decrypt(sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:], context).decode()
        except (InvalidTag, ValueError) as error:
            raise Erased from error

    def token(self, text: str) -> bytes:
        """A keyed hash of a text, 16 bytes: equal texts give equal tokens, and nothing else is told."""
        return hmac.digest(self._key, text.encode(), "sha256")[:TOKEN_BYTES]

    def __repr__(self) -> str:
        return "DataKey()"


def place(owner: UUID, version: int, field: str) -> bytes:
    """Where a sealed value belongs: the stream, the version of its fact, the name of its field."""
    return b"%b|%d|%b" % (owner.bytes, version, field.encode())


class Keyring(Protocol):
    """The keys of demands and letters, kept apart from the facts; a destroyed key never comes back."""

    def mint(self, owners: Iterable[UUID], kind: str, at: datetime) -> Mapping[UUID, DataKey]:
        """Make or find the active key of each owner; raises Erased for one already destroyed."""

    def mint_each(self, kinds: Mapping[UUID, str], at: datetime) -> Mapping[UUID, DataKey]:
        """The same for owners of several kinds, in one transaction."""

    def keys(self, owners: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The active keys among the owners; those destroyed or never made are left out."""

    def destroy(self, owners: Iterable[UUID], at: datetime) -> None:
        """Destroy the keys for ever and leave fences; harmless when repeated."""

    def passing(self) -> DataKey:
        """A key that is stored nowhere: what it seals nobody opens after this job."""
