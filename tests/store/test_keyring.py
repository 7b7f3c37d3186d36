"""The keyring: a destroyed key never comes back, and stale bytes of wrapped keys open nothing once the epoch turned."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from os import urandom
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text, update

from domain.errors import Erased
from domain.instants import micros
from domain.sealing import DataKey, Keyring, Sealed, place
from store.epochs import Epochs, MissingEpoch
from store.keyring import StoredKeyring, create_tables
from store.keyring import keys as key_rows
from store.secrets import BadSecret
from tests.databases import KINDS, only_sqlite
from tests.fakes import MemoryKeyring
from tests.store.conftest import WRAPPING_KEY

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
HERE = place(ONE, 1, "applicant")


def sealed(key: DataKey) -> Sealed:
    """A name under a key."""
    return key.seal("Dupont", HERE)


def opens(key: DataKey, box: Sealed) -> bool:
    """Whether this key opens the box."""
    try:
        return key.open(box, HERE) == "Dupont"
    except Erased:
        return False


def wrapped(engine: Engine) -> list[tuple[str, bytes]]:
    """The epoch and the wrapped bytes of every active row."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT epoch, wrapped FROM keys WHERE state = 'active' ORDER BY owner")).all()
    return [(row[0], row[1]) for row in rows]


def files(epochs_of: Path) -> list[str]:
    """The epoch files."""
    return sorted(path.stem for path in (epochs_of / "keys").glob("*.epoch"))


@pytest.fixture
def keyring(kind: str, request: pytest.FixtureRequest) -> Keyring:
    """A keyring of each kind."""
    if kind == "memory":
        return MemoryKeyring()
    ring: StoredKeyring = request.getfixturevalue("ring")
    return ring


@pytest.mark.parametrize("kind", ["memory", *KINDS], indirect=True)
class TestKeyring:
    """The contract of ``domain.sealing.Keyring``, on the fake and on the stored one."""

    def test_a_key_is_made_once_and_found_again(self, keyring: Keyring) -> None:
        box = sealed(keyring.mint([ONE], "demand", NOON)[ONE])
        assert opens(keyring.mint([ONE], "demand", NOON)[ONE], box)
        assert opens(keyring.keys([ONE])[ONE], box)

    def test_each_owner_has_a_key_of_his_own(self, keyring: Keyring) -> None:
        minted = keyring.mint([ONE, TWO], "demand", NOON)
        assert set(minted) == {ONE, TWO}
        assert not opens(minted[TWO], sealed(minted[ONE]))

    def test_new_and_known_owners_in_one_call(self, keyring: Keyring) -> None:
        box = sealed(keyring.mint([ONE], "demand", NOON)[ONE])
        minted = keyring.mint([ONE, TWO], "demand", NOON)
        assert opens(minted[ONE], box)
        assert set(keyring.keys([ONE, TWO, THREE])) == {ONE, TWO}

    def test_no_owner_has_no_key(self, keyring: Keyring) -> None:
        assert dict(keyring.mint([], "demand", NOON)) == {}
        assert dict(keyring.keys([])) == {}
        keyring.destroy([], NOON)

    def test_a_destroyed_key_is_gone_and_never_minted_again(self, keyring: Keyring) -> None:
        keyring.mint([ONE, TWO], "demand", NOON)
        keyring.destroy([ONE], NOON)
        assert set(keyring.keys([ONE, TWO])) == {TWO}
        with pytest.raises(Erased):
            keyring.mint([ONE], "demand", NOON)

    def test_a_fence_among_the_wanted_mints_nothing_at_all(self, keyring: Keyring) -> None:
        keyring.mint([ONE], "demand", NOON)
        keyring.destroy([ONE], NOON)
        with pytest.raises(Erased):
            keyring.mint([TWO, ONE], "demand", NOON)
        assert dict(keyring.keys([ONE, TWO])) == {}

    def test_destroying_again_is_harmless(self, keyring: Keyring) -> None:
        keyring.mint([ONE], "demand", NOON)
        for _ in range(3):
            keyring.destroy([ONE, THREE], NOON)
        assert dict(keyring.keys([ONE])) == {}

    def test_a_passing_key_is_stored_nowhere(self, keyring: Keyring) -> None:
        box = sealed(keyring.passing())
        assert not opens(keyring.passing(), box)


# Fences and bytes


def test_a_fence_keeps_no_byte_of_the_key(ring: StoredKeyring, keys: Engine) -> None:
    ring.mint([ONE], "demand", NOON)
    ring.destroy([ONE], NOON + HOUR)
    with keys.connect() as connection:
        row = connection.execute(text("SELECT state, epoch, wrapped, touched_at FROM keys")).one()
    assert tuple(row) == ("destroyed", None, None, micros(NOON + HOUR))


@only_sqlite
def test_destroying_empties_the_write_ahead_log(ring: StoredKeyring, keys: Engine, tmp_path: Path) -> None:
    ring.mint([ONE, TWO], "demand", NOON)
    ((_, box), _) = wrapped(keys)
    ring.destroy([ONE], NOON)
    assert (tmp_path / "keys.db-wal").stat().st_size == 0
    assert box not in (tmp_path / "keys.db").read_bytes()


def test_more_owners_than_a_statement_likes(ring: StoredKeyring) -> None:
    owners = [UUID(int=number) for number in range(1, 1_201)]
    ring.mint(owners, "demand", NOON)
    ring.destroy(owners, NOON)
    assert dict(ring.keys(owners)) == {}
    assert ring.active("demand") == []


def test_data_keys_are_nowhere_in_clear(tmp_path: Path, keys: Engine, epochs: Epochs) -> None:
    drawn: list[bytes] = []

    def watched(number: int) -> bytes:
        drawn.append(urandom(number))
        return drawn[-1]

    StoredKeyring(keys, epochs, watched, tmp_path / "keyring").mint([ONE], "demand", NOON)
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [key for key in drawn if len(key) == 32 and key in content]


# Which keys are active


def test_active_keys_by_kind_and_age(ring: StoredKeyring) -> None:
    ring.mint([ONE], "demand", NOON)
    ring.mint([TWO], "demand", NOON + HOUR)
    ring.mint([THREE], "mail", NOON)
    assert ring.active("demand") == [ONE, TWO]
    assert ring.active("demand", before=NOON + HOUR) == [ONE]
    assert ring.active("demand", since=NOON + HOUR) == [TWO]
    assert ring.active("mail") == [THREE]
    ring.destroy([ONE], NOON)
    assert ring.active("demand") == [TWO]


def test_a_key_nobody_used_is_discarded_without_a_fence(ring: StoredKeyring) -> None:
    ring.mint([ONE, TWO], "demand", NOON)
    ring.discard([ONE], NOON + HOUR)
    assert set(ring.keys([ONE, TWO])) == {TWO}
    assert ring.stale_since() is not None
    assert ONE in ring.mint([ONE], "demand", NOON)


def test_a_key_touched_since_is_not_discarded(ring: StoredKeyring) -> None:
    ring.mint([ONE], "demand", NOON)
    ring.mint([ONE], "demand", NOON + 2 * HOUR)
    ring.discard([ONE], NOON + HOUR)
    assert set(ring.keys([ONE])) == {ONE}
    assert ring.stale_since() is None


def test_discarding_leaves_fences_alone(ring: StoredKeyring) -> None:
    ring.mint([ONE], "demand", NOON)
    ring.destroy([ONE], NOON)
    ring.discard([ONE], NOON + HOUR)
    with pytest.raises(Erased):
        ring.mint([ONE], "demand", NOON)


# Turning the epoch


def test_the_epoch_is_due_from_the_first_destruction_on(ring: StoredKeyring) -> None:
    ring.mint([ONE, TWO], "demand", NOON)
    assert ring.stale_since() is None
    ring.destroy([THREE], NOON)
    assert ring.stale_since() is None
    ring.destroy([ONE], NOON)
    ring.destroy([TWO], NOON + HOUR)
    ring.destroy([ONE, TWO], NOON + 2 * HOUR)
    assert ring.stale_since() == micros(NOON)
    ring.turn()
    assert ring.stale_since() is None


def test_a_turn_wraps_every_key_anew_and_removes_the_old_file(
    ring: StoredKeyring, keys: Engine, tmp_path: Path
) -> None:
    boxes = {owner: sealed(key) for owner, key in ring.mint([ONE, TWO, THREE], "demand", NOON).items()}
    ring.destroy([THREE], NOON)
    (old,), before = files(tmp_path), wrapped(keys)
    assert ring.turn() == 2
    (new,), after = files(tmp_path), wrapped(keys)
    assert new != old
    assert {name for name, _ in before} == {old}
    assert {name for name, _ in after} == {new}
    assert not {box for _, box in before} & {box for _, box in after}
    assert all(opens(key, boxes[owner]) for owner, key in ring.keys([ONE, TWO]).items())


def test_a_turn_without_keys_still_replaces_the_epoch(ring: StoredKeyring, tmp_path: Path) -> None:
    (old,) = files(tmp_path)
    assert ring.turn() == 0
    assert files(tmp_path) != [old]


def test_stale_wrapped_bytes_open_nothing_even_with_the_master_secret(
    ring: StoredKeyring, keys: Engine, tmp_path: Path
) -> None:
    ring.mint([ONE], "demand", NOON)
    ((old, stale),) = wrapped(keys)
    ring.destroy([ONE], NOON)
    ring.turn()
    thief = Epochs(tmp_path / "keys", WRAPPING_KEY, urandom)
    with pytest.raises(MissingEpoch):
        thief.unwrap(old, ONE.bytes, stale)
    for name in thief.names():
        with pytest.raises(BadSecret):
            thief.unwrap(name, ONE.bytes, stale)


def test_a_turn_that_crashed_before_the_switch_is_cleaned_by_the_next(
    ring: StoredKeyring, epochs: Epochs, tmp_path: Path
) -> None:
    box = sealed(ring.mint([ONE], "demand", NOON)[ONE])
    epochs.new()
    assert len(files(tmp_path)) == 2
    assert opens(ring.keys([ONE])[ONE], box)
    ring.turn()
    assert len(files(tmp_path)) == 1
    assert opens(ring.keys([ONE])[ONE], box)


def test_a_turn_that_crashed_after_the_switch_is_finished_by_removing_what_departed(
    ring: StoredKeyring, keys: Engine, epochs: Epochs, tmp_path: Path
) -> None:
    box = sealed(ring.mint([ONE], "demand", NOON)[ONE])
    ring._wrap_again(epochs.new())  # the half of a turn that a crash leaves done
    assert len(files(tmp_path)) == 2
    ring.remove_departed()
    assert files(tmp_path) == [name for name, _ in wrapped(keys)]
    assert opens(ring.keys([ONE])[ONE], box)


def test_an_epoch_of_the_same_age_is_made_once(keys: Engine, epochs: Epochs, tmp_path: Path) -> None:
    before = files(tmp_path)
    with keys.begin() as connection:
        create_tables(connection, epochs.new)
    assert files(tmp_path) == before


# Several processes


@pytest.fixture
def elsewhere(open_engine: Callable[[str], Engine], ring: StoredKeyring, tmp_path: Path) -> StoredKeyring:
    """Another process over the same keyring, with a cache of its own."""
    assert ring.stale_since() is None
    return StoredKeyring(
        open_engine("keys"), Epochs(tmp_path / "keys", WRAPPING_KEY, urandom), urandom, tmp_path / "keyring"
    )


def test_another_process_with_a_stale_cache_reads_and_mints_on(
    ring: StoredKeyring, elsewhere: StoredKeyring, keys: Engine, tmp_path: Path
) -> None:
    box = sealed(elsewhere.mint([ONE], "demand", NOON)[ONE])
    ring.turn()
    assert opens(elsewhere.keys([ONE])[ONE], box)
    elsewhere.mint([TWO], "demand", NOON)
    assert {name for name, _ in wrapped(keys)} == set(files(tmp_path))
    ring.turn()
    assert opens(elsewhere.mint([ONE], "demand", NOON)[ONE], box)
    assert set(elsewhere.keys([ONE, TWO])) == {ONE, TWO}


def test_both_processes_turn_in_turn(ring: StoredKeyring, elsewhere: StoredKeyring, tmp_path: Path) -> None:
    box = sealed(ring.mint([ONE], "demand", NOON)[ONE])
    for turner in (ring, elsewhere, ring, elsewhere):
        assert turner.turn() == 1
    assert opens(ring.keys([ONE])[ONE], box)
    assert len(files(tmp_path)) == 1


class TurnedMeanwhile(Epochs):
    """Epochs as a reader meets them when another process turns between his reading of a row and of its file."""

    turn: Callable[[], object] | None = None

    def unwrap(self, epoch: str, owner: bytes, wrapped: bytes) -> bytes:
        """The other process turns first, once."""
        turn, self.turn = self.turn, None
        if turn is not None:
            turn()
        return super().unwrap(epoch, owner, wrapped)


@pytest.mark.parametrize("call", ["keys", "mint"])
def test_a_reader_whose_epoch_turned_under_his_eyes_reads_his_row_again(
    open_engine: Callable[[str], Engine], ring: StoredKeyring, tmp_path: Path, call: str
) -> None:
    box = sealed(ring.mint([ONE], "demand", NOON)[ONE])
    epochs = TurnedMeanwhile(tmp_path / "keys", WRAPPING_KEY, urandom)
    epochs.turn = ring.turn
    reader = StoredKeyring(open_engine("keys"), epochs, urandom, tmp_path / "keyring")
    found = reader.keys([ONE]) if call == "keys" else reader.mint([ONE], "demand", NOON)
    assert opens(found[ONE], box)
    assert epochs.turn is None


def test_keys_minted_while_the_epoch_turns_all_open(
    ring: StoredKeyring, elsewhere: StoredKeyring, keys: Engine, tmp_path: Path
) -> None:
    def mint(keyring: StoredKeyring, first: int) -> dict[UUID, Sealed]:
        owners = [UUID(int=first + number) for number in range(25)]
        return {owner: sealed(keyring.mint([owner], "demand", NOON)[owner]) for owner in owners}

    def turn(keyring: StoredKeyring) -> None:
        for _ in range(5):
            keyring.turn()
            keyring.remove_departed()

    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(turn, keyring) for keyring in (ring, elsewhere)]
        minted = [pool.submit(mint, keyring, first) for keyring, first in ((ring, 1_000), (elsewhere, 2_000))]
        for done in turns:
            done.result()
        boxes = {owner: box for done in minted for owner, box in done.result().items()}
    assert len(boxes) == 50
    assert all(opens(key, boxes[owner]) for owner, key in ring.keys(boxes).items())
    assert all(opens(key, boxes[owner]) for owner, key in elsewhere.keys(boxes).items())
    assert {name for name, _ in wrapped(keys)} <= set(files(tmp_path))
    ring.turn()
    assert {name for name, _ in wrapped(keys)} == set(files(tmp_path))


def test_one_key_wanted_by_many_at_once_is_one_key(ring: StoredKeyring, elsewhere: StoredKeyring) -> None:
    with ThreadPoolExecutor(8) as pool:
        minted = list(pool.map(lambda keyring: keyring.mint([ONE], "demand", NOON)[ONE], [ring, elsewhere] * 8))
    box = sealed(minted[0])
    assert all(opens(key, box) for key in minted)


# The wrong secrets


def test_another_master_secret_is_told(keys: Engine, ring: StoredKeyring, tmp_path: Path) -> None:
    ring.mint([ONE], "demand", NOON)
    stranger = StoredKeyring(keys, Epochs(tmp_path / "keys", b"x" * 32, urandom), urandom, tmp_path / "keyring")
    with pytest.raises(BadSecret, match="master secret"):
        stranger.keys([ONE])
    with pytest.raises(BadSecret):
        stranger.turn()
    assert set(ring.keys([ONE])) == {ONE}


def test_the_keys_directory_of_another_installation_is_told(keys: Engine, ring: StoredKeyring, tmp_path: Path) -> None:
    ring.mint([ONE], "demand", NOON)
    other = tmp_path / "other"
    other.mkdir()
    stranger = StoredKeyring(keys, Epochs(other, WRAPPING_KEY, urandom), urandom, tmp_path / "keyring")
    with pytest.raises(MissingEpoch):
        stranger.keys([ONE])


def test_a_row_given_to_another_owner_does_not_open(keys: Engine, ring: StoredKeyring) -> None:
    ring.mint([ONE], "demand", NOON)
    with keys.begin() as connection:
        connection.execute(update(key_rows).values(owner=TWO))
    with pytest.raises(BadSecret):
        ring.keys([TWO])


def test_an_epoch_file_is_private_and_removed_for_good(epochs: Epochs, tmp_path: Path) -> None:
    name = epochs.new()
    path = tmp_path / "keys" / f"{name}.epoch"
    assert path.stat().st_mode & 0o777 == 0o600
    epochs.remove(name)
    epochs.remove(name)
    assert epochs.names() == []
    with pytest.raises(MissingEpoch):
        epochs.wrap(name, b"owner", b"key")
