"""Marked personal data, and a search for the marks in every file, in every writing a program might leave."""

import base64
import contextlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

_LETTERS = "bcdfghjklmnpqrst"
_MAGIC = {b"\x78\x9c": zlib.MAX_WBITS, b"\x78\xda": zlib.MAX_WBITS, b"\x1f\x8b": zlib.MAX_WBITS | 16}
_INFLATED_BYTES = 1 << 20


def _spelled(number: int, digits: int) -> str:
    return "".join(_LETTERS[int(digit, 16)] for digit in f"{number:0{digits}x}")


@dataclass(frozen=True)
class Marks:
    """Words nobody would write by chance, all with one stem that no other run has: its files may be shared."""

    stem: str

    @classmethod
    def new(cls) -> "Marks":
        return cls(f"Z{_spelled(uuid4().int >> 76, 13)}")

    def word(self, number: int, field: str) -> str:
        """One for each demand and field."""
        return f"{self.stem}{_spelled(number, 4)}{field}"

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """The stem as text in several encodings, in every case, and inside hexadecimal or base64 at any offset."""
        return tuple(self._writings())

    def inside(self, content: bytes) -> list[str]:
        """What stands around each mark, in these bytes as they are and in what inflates inside them."""
        return [
            repr(bytes(blob[at : at + 40]))
            for blob in (content, *_inflated(content))
            for needle in self.needles
            if (at := blob.find(needle)) >= 0
        ]

    def found(self, directory: Path) -> list[str]:
        """Where a mark stands: « file: what stands there »."""
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        return [f"{path.name}: {hit}" for path in paths for hit in self.inside(path.read_bytes())]

    def _writings(self) -> Iterator[bytes]:
        for text in (self.stem, self.stem.upper(), self.stem.lower()):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
                yield text.encode(encoding)
            raw = text.encode()
            yield raw.hex().encode()
            yield raw.hex().upper().encode()
            yield raw[::-1]
            for offset in range(3):
                whole = (offset + len(raw)) // 3 * 3 - offset
                yield base64.b64encode(b"\0" * offset + raw[:whole])[4 if offset else 0 :]


def _inflated(content: bytes) -> Iterator[bytes]:
    """What zlib or gzip streams in a file hold."""
    view = memoryview(content)
    for magic, bits in _MAGIC.items():
        start = content.find(magic)
        while start >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(view[start:], _INFLATED_BYTES)
            start = content.find(magic, start + 1)
