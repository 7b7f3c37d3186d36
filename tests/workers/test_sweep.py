"""What a crash leaves is finished by itself (P5b), and stale wrapped keys open nothing once the epoch turned (P5)."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.instants import micros
from domain.letters import LetterKind
from tests.databases import only_sqlite
from tests.workers.town import MARIE, KeepingTransport, Town
from workers import sweep
from workers.clock import Clock, Job, jobs_of
from workers.delivery import Deliverer

GOODBYE = ("Votre demande", "Elle est traitée.\n")
WRAPPED_BYTES = 12 + 32 + 16


class Killed(BaseException):
    """The process dies here."""


def die(*_: object, **__: object) -> None:
    raise Killed


def test_an_erasure_cut_short_is_finished(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    other, demand = town.submit(), town.submit()
    with monkeypatch.context() as patch:
        patch.setattr(town.keyring, "destroy", die)
        with pytest.raises(Killed):
            town.close(demand)
    assert town.facts(demand)[-1] == "PersonalDataErased"
    assert town.has_key(demand)
    parts = town.parts()
    assert Clock(jobs_of(parts, Deliverer(parts)), town.leases, town.clock).tick()[0] == "erasures"
    assert not town.has_key(demand)
    assert town.has_key(other)


def test_the_erasure_sweep_itself_may_die_and_looks_only_at_what_is_new(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    demands = [town.submit() for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(town.keyring, "destroy", die)
        for demand in demands:
            with pytest.raises(Killed):
                town.close(demand)
        with pytest.raises(Killed):
            sweep.finish_erasures(town.parts(), town.clock())
    monkeypatch.setattr(sweep, "_PAGE", 2)
    assert sweep.finish_erasures(town.parts(), town.clock()) == 3
    assert not any(town.has_key(demand) for demand in demands)
    assert sweep.finish_erasures(town.parts(), town.clock()) == 0
    assert town.sweeps.position(sweep.ERASURES) == town.register.head()


def test_the_key_of_a_letter_that_left_goes(
    town: Town, transport: KeepingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, queued = town.letter_of(town.submit(MARIE)), town.letter_of(town.submit(MARIE))
    with monkeypatch.context() as patch:
        patch.setattr(town.keyring, "destroy", die)
        with pytest.raises(Killed):
            Deliverer(town.parts()).deliver(left)
    assert sweep.finish_letters(town.parts(), town.clock()) == 1
    assert (town.has_key(left), town.has_key(queued)) == (False, True)
    assert sweep.finish_letters(town.parts(), town.clock()) == 0


def test_keys_that_nothing_uses_go_after_an_hour(town: Town) -> None:
    demand = town.submit(MARIE)
    used = [demand, town.letter_of(demand)]
    unused = [uuid4(), uuid4()]
    for owner, kind in zip(unused, ("demand", "mail"), strict=True):
        town.keyring.mint([owner], kind, town.clock())
    town.clock.move(minutes=59)
    assert sweep.discard_unused(town.parts(), town.clock()) == 0
    town.clock.move(minutes=2)
    town.keyring.mint([unused[0]], "demand", town.clock())
    assert sweep.discard_unused(town.parts(), town.clock()) == 1
    assert [town.has_key(owner) for owner in unused] == [True, False]
    town.clock.move(minutes=61)
    assert sweep.discard_unused(town.parts(), town.clock()) == 1
    assert [town.has_key(owner) for owner in (*used, *unused)] == [True, True, False, False]
    town.clock.move(days=40)
    assert sweep.discard_unused(town.parts(), town.clock()) == 0
    assert town.keyring.mint([unused[0]], "demand", town.clock()), "an unused key leaves no fence"


def test_the_epoch_turns_half_an_hour_after_a_destruction(town: Town) -> None:
    demand = town.submit()
    assert not sweep.turn_epoch(town.parts(), town.clock())
    town.close(demand)
    before = town.epochs.names()
    town.clock.move(minutes=29)
    assert not sweep.turn_epoch(town.parts(), town.clock())
    town.keyring.destroy([demand], town.clock())
    town.clock.move(minutes=1)
    assert sweep.turn_epoch(town.parts(), town.clock())
    assert len(town.epochs.names()) == 1
    assert town.epochs.names() != before
    town.clock.move(days=1)
    assert not sweep.turn_epoch(town.parts(), town.clock()), "nothing was destroyed since"


def test_a_destruction_dated_ahead_of_the_clock_counts_as_old(town: Town) -> None:
    demand = town.submit()
    town.clock.move(days=400)
    town.close(demand)
    town.clock.move(days=-400)
    assert sweep.turn_epoch(town.parts(), town.clock())


@only_sqlite  # on PostgreSQL the files are the server's, and are searched with a whole installation
def test_after_the_turn_no_stale_wrapped_key_opens(town: Town) -> None:
    """With the master secret in hand, every window of every file of the keyring is tried as a wrapped key."""
    kept, closed = town.submit(MARIE), [town.submit(MARIE) for _ in range(2)]
    letters = [town.letter_of(demand) for demand in closed]
    gone = [*closed, *letters]
    backup = keyring_files(town)
    for demand, letter in zip(closed, letters, strict=True):
        town.close(demand, GOODBYE)
        Deliverer(town.parts()).deliver(letter)
    alive = [kept, town.letter_of(kept), *(town.letter_of(demand, LetterKind.CLOSURE) for demand in closed)]
    assert opened(town, backup, gone) == set(gone), "before the turn the search finds every key in a stale copy"
    town.clock.move(minutes=31)
    assert sweep.turn_epoch(town.parts(), town.clock())
    assert opened(town, [*backup, *keyring_files(town)], gone) == set()
    assert opened(town, keyring_files(town), alive) == set(alive)
    assert all(town.has_key(owner) for owner in alive)


def keyring_files(town: Town) -> list[bytes]:
    """The keyring's database and its write-ahead log, as a backup or a replica would copy them."""
    return [path.read_bytes() for path in town.directory.glob("keys.db*")]


def opened(town: Town, contents: list[bytes], owners: list[UUID]) -> set[UUID]:
    """Whose key opens out of some window, under an epoch key that still has its file."""
    ciphers = [town.epochs._cipher(name) for name in town.epochs.names()]
    return {
        owner
        for content in contents
        for window in windows(content)
        for owner in owners
        if opens(ciphers, window, owner)
    }


def windows(content: bytes) -> Iterator[bytes]:
    return (content[start : start + WRAPPED_BYTES] for start in range(len(content) - WRAPPED_BYTES + 1))


def opens(ciphers: list[AESGCM], window: bytes, owner: UUID) -> bool:
    for cipher in ciphers:
        try:
            cipher.decrypt(window[:12], window[12:], owner.bytes)
        except InvalidTag:
            continue
        return True
    return False


def test_an_idle_town_turns_no_epoch_and_destroys_nothing(town: Town) -> None:
    demand = town.submit()
    town.close(demand)
    town.clock.move(hours=1)
    parts = town.parts()
    clock = Clock(jobs_of(parts, Deliverer(parts)), town.leases, town.clock)
    assert set(clock.tick()) == {"erasures", "letters", "views", "epoch", "late letters", "unused keys"}
    names = town.epochs.names()
    for _ in range(5):
        town.clock.move(hours=1)
        clock.tick()
    assert town.epochs.names() == names
    assert town.keyring.stale_since() is None


def test_two_clocks_do_a_job_once_and_a_failing_job_disturbs_no_other(town: Town) -> None:
    ran: list[str] = []
    every = (jobs := jobs_of(town.parts(), Deliverer(town.parts())))[0].every
    jobs = [
        Job("broken", every, every, lambda _: ran.append("broken") or 1 / 0),
        Job("fine", every, every, lambda now: ran.append(f"fine {micros(now)}")),
    ]
    clocks = [Clock(jobs, town.leases, town.clock) for _ in range(2)]
    assert [clock.tick() for clock in clocks] == [["fine"], []]
    assert ran == ["broken", f"fine {micros(town.clock())}"]
    town.clock.move(seconds=every.total_seconds() + 1)
    assert [clock.tick() for clock in clocks] == [["fine"], []]
    assert ran.count("broken") == 2
