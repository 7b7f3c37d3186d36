"""P5 and P5c: stale bytes of wrapped keys open nothing after the epoch turned, and what must remain remains."""

import base64
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.bulk import JOB, Asked
from domain.references import demand_id
from store.keyring import keys
from store.operations import Operation
from suivi.serving import worker_parts
from tests.faults.closing import Closing, count
from tests.faults.server_files import ServerFiles
from tests.faults.stores import only_sqlite, small_on_sqlite, url_of
from tests.faults.wrapped import WRAPPED, opened
from tests.installations import Town
from tests.projections.random_lives import STATE_CIVIL, play
from workers.delivery import Deliverer
from workers.operating import Operator
from workers.transport import MailboxTransport


@pytest.fixture
def minted(town: Town, monkeypatch: pytest.MonkeyPatch) -> dict[UUID, bytes]:
    """Every data key that is wrapped from now on, by its owner."""
    found: dict[UUID, bytes] = {}
    wrap = town.installation.stores.epochs.wrap

    def noted(epoch: str, owner: bytes, key: bytes) -> bytes:
        found[UUID(bytes=owner)] = key
        box = wrap(epoch, owner, key)
        assert len(box) == WRAPPED
        return box

    monkeypatch.setattr(town.installation.stores.epochs, "wrap", noted)
    return found


@pytest.fixture
def town(tmp_path: Path, stores: str) -> Iterator[Town]:
    town = Town(tmp_path / "var", kind=stores)
    yield town
    town.close()


def known_to_a_thief(town: Town) -> list[bytes]:
    """Every AES key that whoever holds the master secret can make with the epoch files that are left."""
    epochs, secrets = town.installation.stores.epochs, town.installation.secrets
    opened_files = [epochs._open(name, epochs._path(name).read_bytes()) for name in epochs.names()]
    return [*opened_files, *(secrets.key(purpose) for purpose in ("epoch keys", "session"))]


def close_all(town: Town, references: list[str]) -> UUID:
    """Half of them one by one, half by an operation; and every letter leaves. The operation's id."""
    lea, installation = town.office.directory.agent("lea"), town.installation
    for reference in references:
        town.act(reference, lea, "take_in_charge")
    for reference in references[::2]:
        town.act(reference, lea, "close", "traitee", "fini", ("Sujet", "Corps"))
    operation, many = UUID(int=town.random.getrandbits(128)), references[1::2]
    key = installation.keyring.mint([operation], JOB, town.clock())[operation]
    details = Asked(outcome="traitee", comment="fini", letter=True).sealed(key, operation)
    asked = Operation(operation, "lea", "close", len(many), town.clock(), "/demandes/en-cours", details)
    assert installation.operations.add(asked, many)
    while Operator(town.office, installation.operations, installation.keyring, town.clock).turn():
        pass
    deliver_all(town)
    return operation


def deliver_all(town: Town) -> None:
    """To a mailbox in memory."""
    installation = town.installation
    deliverer = Deliverer(worker_parts(installation, "http://127.0.0.1", MailboxTransport()))
    for mail in installation.outbox.latest(10_000, "queued"):
        assert deliverer.deliver(mail.mail_id) == "sent"


@pytest.mark.xdist_group("faults-windows")
def test_no_stretch_of_any_file_opens_as_a_key_after_the_epoch_turned(
    town: Town, minted: dict[UUID, bytes], tmp_path: Path, stores: str, closes: Closing
) -> None:
    """Keys of demands, of letters and of an operation, all under the master secret and the epochs that are left."""
    directory, number = tmp_path / "var", count(6 if stores == "sqlite" else 4, 60)
    url = url_of(town.environment)
    server = ServerFiles(url) if url else None
    town.agent("lea", STATE_CIVIL)
    references = [town.submit() for _ in range(number)]
    remains = town.submit()
    copytree(directory, tmp_path / "backup", ignore=lambda _, names: [n for n in names if n == "keys"])
    files = [tmp_path / "backup"]
    if server is not None:
        server.copy(tmp_path / "server before")
        files.append(tmp_path / "server before")
    before, _ = opened(files, known_to_a_thief(town), minted)
    assert before == set(minted), "the search is not able to fail"
    assert len(before) == 2 * (number + 1), "each demand and its receipt"

    operation = close_all(town, references)
    town.installation.keyring.turn()
    if server is not None:
        server.copy(tmp_path / "server after")
        files.append(tmp_path / "server after")
    closed = {demand_id(reference) for reference in references}
    kept = {demand_id(remains), town.installation.projector.position().generation}
    letters = minted.keys() - closed - kept - {operation}
    assert (len(closed), len(letters)) == (number, 2 * number + 1)
    found, places = opened([directory, *files], known_to_a_thief(town), minted)
    assert found == kept, "what is open opens, and nothing else"
    closes(
        f"P5: keys of {len(closed)} demands, {len(letters)} letters and an operation, looked for at {places} places of "
        f"every file under each key that is left: 0 open ({len(before)} before)"
    )


@only_sqlite
@pytest.mark.parametrize("written", ["plain", "hexadecimal", "base64", "across pieces"])
def test_the_search_for_wrapped_keys_is_able_to_fail(
    town: Town, minted: dict[UUID, bytes], tmp_path: Path, written: str
) -> None:
    reference = town.submit()
    owner = demand_id(reference)
    with town.installation.stores.keys.connect() as connection:
        (box,) = connection.execute(select(keys.c.wrapped).where(keys.c.owner == owner)).one()
    content = {
        "plain": b"x" * 77 + box,
        "hexadecimal": b"a statement with " + rb"\x" + box.hex().encode(),
        "base64": b"{" + base64.b64encode(b"?" + box) + b"}",
        "across pieces": b"\0" * ((1 << 20) - 20) + box + b"\0" * 99,
    }[written]
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "file").write_bytes(content)
    assert opened([tmp_path / "place"], known_to_a_thief(town), minted)[0] == {owner}
    town.installation.keyring.turn()
    assert opened([tmp_path / "place"], known_to_a_thief(town), minted)[0] == set()


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
