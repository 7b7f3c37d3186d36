"""One master secret, and the keys derived from it by HKDF (RFC 5869): nothing else secret is configured."""

import base64
import binascii
import hmac
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES: Final = 32
MASTER_FILE: Final = "master.secret"


class BadSecret(Exception):
    """The master secret is missing, too short, too simple or not base64; the message says which, never the value."""


class Secrets:
    """Keys for one purpose each; holding one tells nothing about the others."""

    def __init__(self, master: bytes) -> None:
        if len(master) < SECRET_BYTES:
            raise BadSecret(f"the master secret has {len(master)} bytes, {SECRET_BYTES} are needed")
        if len(set(master)) < SECRET_BYTES // 4:
            raise BadSecret("the master secret is not random")
        self._master = master

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, always the same."""
        return HKDF(SHA256(), SECRET_BYTES, salt=None, info=f"suivi {purpose}".encode()).derive(self._master)

    def fingerprint(self, client: str, key: str) -> bytes:
        """A keyed hash of an intake key, which tells nothing about it."""
        return hmac.digest(self.key(f"intake {client}"), key.encode(), sha256)

    def __repr__(self) -> str:
        return "Secrets()"


def read_master(text: str) -> bytes:
    """The secret in base64, as it stands in a file or in the environment; raises BadSecret."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret("the master secret is not base64") from error


def new_master_file(path: Path, random_bytes: bytes) -> None:
    """Write a new secret, mode 0600, synced to the disk; an existing file is never replaced."""
    write_private(path, base64.b64encode(random_bytes) + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner reads, with its content and its name on the disk before returning."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Put the names in a directory on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
