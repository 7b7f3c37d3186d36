"""A search for data keys that stand wrapped somewhere: at every place of every file, whatever surrounds them.

A wrapped key is a nonce of 12 bytes, the key's 32 bytes enciphered in counter mode, and a tag of 16. A search that
knows the keys need not guess where that begins, where it ends or whose it is: at each place the 12 bytes there, taken
as a nonce, decipher the bytes that follow, and a quarter of a known key that comes out is no accident. So stretches of
every length from 28 bytes on are tried, whole or cut short.
"""

import base64
import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from domain.sealing import KEY_BYTES, NONCE_BYTES

TAG_BYTES = 16
WRAPPED = NONCE_BYTES + KEY_BYTES + TAG_BYTES
_BLOCK, _QUARTER = 16, 8
_STRETCH = NONCE_BYTES + _BLOCK
_COUNTER = b"\0\0\0\2"
"""Of the first block that GCM enciphers; the one before it makes the tag."""
_CHUNK = 1 << 20
_HEX = re.compile(rb"(?:[0-9a-f]{2}){%d,}|(?:[0-9A-F]{2}){%d,}" % (_STRETCH, _STRETCH))
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{%d,}" % (_STRETCH * 4 // 3))


def opened(directories: Iterable[Path], under: Iterable[bytes], keys: Mapping[UUID, bytes]) -> tuple[set[UUID], int]:
    """Whose key stands wrapped by one of these AES keys in a file of these directories; how many places were tried."""
    encryptors = [Cipher(algorithms.AES(key), modes.ECB()).encryptor() for key in under]  # noqa: S305 — counter mode's blocks
    owners = {int.from_bytes(key[:_QUARTER], sys.byteorder): owner for owner, key in keys.items()}
    found, tried = set[UUID](), 0
    for content in _contents(directories):
        places = len(content) - _STRETCH + 1
        blocks, following = _spread(content, places)
        for encryptor in encryptors:
            stream = int.from_bytes(encryptor.update(blocks), "little") ^ following
            halves = array("Q", stream.to_bytes(places * _BLOCK, "little"))
            found |= {owners[half] for half in owners.keys() & set(halves[::2])}
        tried += places
    return found, tried


def _spread(content: bytes, places: int) -> tuple[bytes, int]:
    """For each place the counter block of the nonce that stands there, and the bytes that follow it."""
    blocks, following = bytearray(places * _BLOCK), bytearray(places * _BLOCK)
    for at in range(NONCE_BYTES):
        blocks[at::_BLOCK] = content[at : at + places]
    for at, byte in enumerate(_COUNTER, NONCE_BYTES):
        blocks[at::_BLOCK] = bytes([byte]) * places
    for at in range(_BLOCK):
        following[at::_BLOCK] = content[NONCE_BYTES + at : NONCE_BYTES + at + places]
    return bytes(blocks), int.from_bytes(following, "little")


def _contents(directories: Iterable[Path]) -> Iterator[bytes]:
    """What the files hold, and what is written in them as hexadecimal or base64; in pieces that overlap."""
    for path in sorted(path for directory in directories for path in directory.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for text in (content, *_written(content)):
            for start in range(0, len(text) - _STRETCH + 1, _CHUNK):
                yield text[start : start + _CHUNK + _STRETCH - 1]


def _written(content: bytes) -> Iterator[bytes]:
    """Hexadecimal and base64, begun at any character."""
    for run in _HEX.findall(content):
        yield bytes.fromhex(run.decode())
    for run in _BASE64.findall(content):
        for offset in range(4):
            part = run[offset:]
            yield base64.b64decode(part[: len(part) // 4 * 4])
