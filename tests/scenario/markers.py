"""Marked personal data, and a search for the marks in every file, in every writing a program might leave."""

import base64
import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path

STEM = "Zqxkwvjbqgx"


def marker(number: int, field: str) -> str:
    """A word nobody would write by chance, one for each demand and field, all with the same stem."""
    letters = "".join("bcdfghjklmnpqrst"[int(digit, 16)] for digit in f"{number:04x}")
    return f"{STEM}{letters}{field}"


def writings() -> Iterator[bytes]:
    """The stem as text in several encodings, upper and lower case, and inside hexadecimal or base64 at any offset."""
    for text in (STEM, STEM.upper(), STEM.lower()):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
            yield text.encode(encoding)
        raw = text.encode()
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield raw[::-1]
        for offset in range(3):
            whole = (offset + len(raw)) // 3 * 3 - offset
            yield base64.b64encode(b"\0" * offset + raw[:whole])[4 if offset else 0 :]


MAGIC = {b"\x78\x9c": zlib.MAX_WBITS, b"\x78\xda": zlib.MAX_WBITS, b"\x1f\x8b": zlib.MAX_WBITS | 16}
NEEDLES = tuple(writings())


def found(directory: Path) -> list[str]:
    """Where a mark stands: « file: what stands there », in files as they are and in what inflates inside them."""
    hits = []
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        content = path.read_bytes()
        for blob in (content, *inflated(content)):
            hits += [f"{path.name}: {blob[at : at + 40]!r}" for needle in NEEDLES if (at := blob.find(needle)) >= 0]
    return hits


def inflated(content: bytes) -> Iterator[bytes]:
    """What zlib or gzip streams in a file hold."""
    for magic, bits in (
        (b"\x78\x9c", zlib.MAX_WBITS),
        (b"\x78\xda", zlib.MAX_WBITS),
        (b"\x1f\x8b", zlib.MAX_WBITS | 16),
    ):
        start = content.find(magic)
        while start >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(content[start:])
            start = content.find(magic, start + 1)
