"""Epoch keys: files outside every database, replaced after a destruction, so that stale wrapped keys open nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.sealing import KEY_BYTES, NONCE_BYTES
from store.secrets import BadSecret, sync_directory, write_private

_SUFFIX: Final = ".epoch"
_NAME_BYTES: Final = 8


class MissingEpoch(Exception):
    """The file of this epoch is gone: the epoch turned, or the keys directory is another one."""


class Epochs:
    """The epoch files of one keys directory, wrapped by a key derived from the master secret."""

    def __init__(self, directory: Path, wrapping_key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._directory, self._aead, self._random = directory, AESGCM(wrapping_key), random_bytes
        self._read: dict[str, AESGCM] = {}

    def new(self) -> str:
        """Make an epoch: its file and its name are on the disk when this returns."""
        name = self._random(_NAME_BYTES).hex()
        nonce = self._random(NONCE_BYTES)
        box = nonce + self._aead.encrypt(nonce, self._random(KEY_BYTES), name.encode())
        write_private(self._path(name), box)
        return name

    def wrap(self, epoch: str, owner: bytes, key: bytes) -> bytes:
        """A data key under an epoch's key."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher(epoch).encrypt(nonce, key, owner)

    def unwrap(self, epoch: str, owner: bytes, wrapped: bytes) -> bytes:
        """The data key again; raises MissingEpoch when the epoch's file is gone."""
        try:
            return self._cipher(epoch).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner)
        except InvalidTag as error:
            raise BadSecret("a stored key does not open: the keys directory belongs to another installation") from error

    def names(self) -> list[str]:
        """The epochs that have a file."""
        return sorted(path.stem for path in self._directory.glob(f"*{_SUFFIX}"))

    def remove(self, name: str) -> None:
        """Overwrite and remove an epoch's file; harmless when it is gone."""
        self._read.pop(name, None)
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            return
        try:
            os.write(descriptor, self._random(os.fstat(descriptor).st_size))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.unlink(missing_ok=True)
        sync_directory(self._directory)

    def _cipher(self, name: str) -> AESGCM:
        cipher = self._read.get(name)
        if cipher is None:
            try:
                box = self._path(name).read_bytes()
            except FileNotFoundError as error:
                raise MissingEpoch(name) from error
            cipher = self._read[name] = AESGCM(self._open(name, box))
        return cipher

    def _open(self, name: str, box: bytes) -> bytes:
        try:
            return self._aead.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise BadSecret("the master secret is not the one that sealed the epoch keys") from error

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}{_SUFFIX}"
