"""Texts that travel through the browser and come back unread: sealed under keys that only this server derives."""

import base64
import binascii
import hmac
import zlib
from hashlib import sha256
from typing import Final

from domain.errors import Erased
from domain.sealing import DataKey, Sealed
from web import current

_LARGEST_TEXT: Final = 1_000_000


def seal(text: str, purpose: str, bound_to: str = "") -> str:
    """The text as URL-safe characters; only the same purpose and binding opens it (``bound_to``: a session)."""
    box = _key(bound_to).seal(base64.b85encode(zlib.compress(text.encode())).decode(), purpose.encode()).box
    return base64.urlsafe_b64encode(box).decode().rstrip("=")


def unseal(sealed: str, purpose: str, bound_to: str = "") -> str | None:
    """The text again; None when it was changed, or sealed for something else."""
    try:
        box = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        packed = base64.b85decode(_key(bound_to).open(Sealed(box), purpose.encode()))
        return zlib.decompressobj().decompress(packed, _LARGEST_TEXT).decode()
    except (binascii.Error, ValueError, Erased, zlib.error):
        return None


def _key(bound_to: str) -> DataKey:
    secret = hmac.digest(current.parts().session_secret, f"page {bound_to}".encode(), sha256)
    return DataKey(secret, current.parts().random_bytes)
