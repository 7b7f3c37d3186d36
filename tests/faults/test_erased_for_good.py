"""P5 and P5c: stale bytes of wrapped keys open nothing after the epoch turned, and what must remain remains."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import copytree
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.references import demand_id
from domain.sealing import KEY_BYTES, NONCE_BYTES
from tests.faults.closing import FULL, Closing, count
from tests.faults.server_files import ServerFiles
from tests.faults.stores import small_on_sqlite, url_of
from tests.installations import Town
from tests.projections.random_lives import STATE_CIVIL, play

TAG_BYTES = 16
WINDOW = NONCE_BYTES + KEY_BYTES + TAG_BYTES
FEWEST_DISTINCT = 40  # of 60 random bytes 54 are distinct on average; 39 or fewer happen once in many billions


def windows(content: bytes) -> Iterator[bytes]:
    """Every stretch of a file that could be a wrapped key: the right length, and not plainly text or zeros."""
    counts = [0] * 256
    distinct = 0
    for at, byte in enumerate(content):
        counts[byte] += 1
        distinct += counts[byte] == 1
        if at >= WINDOW:
            gone = content[at - WINDOW]
            counts[gone] -= 1
            distinct -= counts[gone] == 0
        if at >= WINDOW - 1 and distinct >= FEWEST_DISTINCT:
            yield content[at - WINDOW + 1 : at + 1]


def opened_by(ciphers: Iterable[AESGCM], directories: Iterable[Path], owners: Iterable[UUID]) -> tuple[set[UUID], int]:
    """Whose key stands wrapped in some file, and how many windows were tried."""
    found, tried, names = set(), 0, {owner: owner.bytes for owner in owners}
    seen: set[bytes] = set()
    for path in sorted(path for directory in directories for path in directory.rglob("*") if path.is_file()):
        for window in windows(path.read_bytes()):
            if window in seen:
                continue
            seen.add(window)
            tried += 1
            nonce, box = window[:NONCE_BYTES], window[NONCE_BYTES:]
            for cipher in ciphers:
                found |= {owner for owner, name in names.items() if opens(cipher, nonce, box, name)}
    return found, tried


def opens(cipher: AESGCM, nonce: bytes, box: bytes, owner: bytes) -> bool:
    try:
        cipher.decrypt(nonce, box, owner)
    except InvalidTag:
        return False
    return True


def epoch_ciphers(town: Town) -> list[AESGCM]:
    """What whoever holds the master secret makes of the epoch files that are left, and the master's own keys."""
    epochs = town.installation.stores.epochs
    derived = [AESGCM(town.installation.secrets.key(name)) for name in ("epoch keys", "session")]
    return [epochs._cipher(name) for name in epochs.names()] + derived


@small_on_sqlite
@pytest.mark.xdist_group("faults-windows")
def test_no_stretch_of_any_file_opens_as_a_key_after_the_epoch_turned(
    tmp_path: Path, stores: str, closes: Closing
) -> None:
    directory = tmp_path / "var"
    number = count(6, 60 if stores == "sqlite" else 20)
    town = Town(directory, kind=stores)
    url = url_of(town.environment)
    server = ServerFiles(url) if url else None
    lea = town.agent("lea", STATE_CIVIL)
    references = [town.submit() for _ in range(number)]
    owners = [demand_id(reference) for reference in references]
    copytree(directory, tmp_path / "backup", ignore=lambda _, names: [n for n in names if n == "keys"])
    files = [tmp_path / "backup"]
    if server is not None:
        server.copy(tmp_path / "server before", wal=FULL)
        files.append(tmp_path / "server before")
    assert opened_by(epoch_ciphers(town), files, owners)[0] == set(owners), "the search is not able to fail"

    for reference in references:
        town.act(reference, lea, "take_in_charge")
        town.act(reference, lea, "close", "traitee", "fini", ("Sujet", "Corps"))
    town.installation.keyring.turn()
    if server is not None:
        server.copy(tmp_path / "server after", wal=FULL)
        files.append(tmp_path / "server after")
    found, tried = opened_by(epoch_ciphers(town), [directory, *files], owners)
    town.close()
    assert found == set()
    closes(
        f"P5: {number} closed, {tried} windows of 60 bytes tried under every remaining key, 0 open ({number} before)"
    )


@small_on_sqlite
@pytest.mark.xdist_group("faults-windows")
def test_what_must_remain_remains(tmp_path: Path, stores: str, closes: Closing) -> None:
    number = count(20, 500)
    town = Town(tmp_path / "var", seed=5, kind=stores)
    references = play(town, number, 4 * number)
    lea = town.office.directory.agent("lea")
    for reference in references:
        make_closable(town, reference)
    before = {reference: remaining(town, reference) for reference in references}
    for reference in references:
        if town.office.dossier(reference, None).demand.erased_at is None:
            town.act(reference, lea, "close", "traitee", "fini")
    town.installation.keyring.turn()
    for reference in references:
        demand, facts = remaining(town, reference)
        earlier, kept = before[reference]
        assert (demand, facts[: len(kept)]) == (earlier, kept)
    assert town.installation.keyring.keys([demand_id(reference) for reference in references]) == {}
    town.close()
    facts_kept = sum(len(kept) for _, kept in before.values())
    closes(
        f"P5c: {number} closed demands, {facts_kept} facts with their agents, kinds and dates equal before and after"
    )


def make_closable(town: Town, reference: str) -> None:
    """Bring a demand to « en cours », wherever its life left it."""
    lea, status = town.office.directory.agent("lea"), town.office.dossier(reference, None).demand.status
    if status == "NON_TRAITEE":
        town.act(reference, lea, "take_in_charge")
    elif status == "EN_ATTENTE":
        town.act(reference, lea, "resume")


def remaining(town: Town, reference: str) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    """What closure must not change."""
    dossier = town.office.dossier(reference, None)
    demand = dossier.demand
    facts = [(f.originator_version, f.name, f.timestamp, f.actor, f.agent, f.command_id) for f in dossier.facts]
    return (demand.reference, demand.procedure, demand.service, demand.submitted_at, demand.owner), facts
