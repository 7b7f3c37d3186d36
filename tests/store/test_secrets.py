"""The master secret: refused when it is none, and never shown."""

import base64
import stat
from os import urandom
from pathlib import Path

import pytest

from store.secrets import BadSecret, Secrets, new_master_file, read_master, write_private

MASTER = bytes(range(32))


@pytest.mark.parametrize("length", [0, 1, 16, 31])
def test_a_short_secret_is_refused(length: int) -> None:
    with pytest.raises(BadSecret, match=f"has {length} bytes, 32 are needed"):
        Secrets(MASTER[:length])


@pytest.mark.parametrize("master", [b"\0" * 32, b"a" * 64, b"password" * 4, b"0123456" * 8])
def test_a_simple_secret_is_refused(master: bytes) -> None:
    with pytest.raises(BadSecret, match="not random") as caught:
        Secrets(master)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("written", ["not base64!", "é", "abc", "YWJj\nZGVm*"])
def test_what_is_not_base64_is_refused(written: str) -> None:
    with pytest.raises(BadSecret, match="not base64"):
        read_master(written)


def test_a_missing_secret_is_a_short_one() -> None:
    with pytest.raises(BadSecret):
        Secrets(read_master(""))


def test_a_random_secret_is_accepted() -> None:
    for _ in range(200):
        assert repr(Secrets(urandom(32))) == "Secrets()"


def test_each_purpose_has_its_own_key_always_the_same() -> None:
    secrets, again = Secrets(MASTER), Secrets(MASTER)
    keys = [secrets.key(purpose) for purpose in ("epoch keys", "session", "reference")]
    assert keys == [again.key(purpose) for purpose in ("epoch keys", "session", "reference")]
    assert len(set(keys)) == 3
    assert all(len(key) == 32 and key != MASTER for key in keys)
    assert secrets.key("session") != Secrets(MASTER[::-1]).key("session")


def test_derived_keys_are_the_ones_of_yesterday() -> None:
    assert Secrets(MASTER).key("session").hex() == "784a809124579810d0d67eaa9aa065e1eab1f1eb90ce97d6429d524f6297608e"
    assert (
        Secrets(MASTER).fingerprint("site", "key:k").hex()
        == "ca7e6b5703f7752f4e764c9ace5e91dadc2f2bd553046c901a4348829c45c2fe"
    )


def test_an_intake_key_is_hashed_for_one_client() -> None:
    secrets = Secrets(MASTER)
    prints = {secrets.fingerprint(client, key) for client in ("a", "b") for key in ("key:x", "ext:x")}
    assert len(prints) == 4
    assert b"key:x" not in b"".join(prints)


def test_the_file_is_its_owners_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "master.secret"
    new_master_file(path, MASTER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert base64.b64decode(path.read_text()) == MASTER
    assert read_master(path.read_text()) == MASTER


def test_a_secret_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.secret"
    write_private(path, b"first")
    with pytest.raises(FileExistsError):
        new_master_file(path, MASTER)
    assert path.read_bytes() == b"first"
