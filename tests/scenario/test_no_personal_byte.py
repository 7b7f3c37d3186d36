"""P5 in small: no personal byte stands in clear in any file, before or after closure, and nothing opens afterwards."""

import base64
import gzip
from pathlib import Path

import pytest

from domain.facts import Command
from domain.letters import LetterKind
from domain.references import demand_id
from projections.journal import JournalCriteria
from projections.reading import Criteria, Scope
from tests.installations import Town
from tests.scenario.markers import found, marker

DEMANDS = 200
CIVIL = "État civil"
SCOPE = Scope("lea", ("AEN",), (CIVIL,), (CIVIL,))
FIELDS = ("last", "first", "usage", "mail", "street", "answer", "comment", "detail", "note", "subject", "body", "end")


def live(town: Town, number: int) -> str:
    """One marked demand with something personal in every field that takes text."""
    mark = {field: marker(number, field) for field in FIELDS}
    lea = town.office.directory.agent("lea")
    reference = town.submit(
        "AEN",
        last_name=mark["last"],
        first_name=mark["first"],
        usage_name=mark["usage"],
        email=f"{mark['mail']}@example.org",
        address={"line1": mark["street"], "postal_code": "49990", "city": "Saint-Aubin"},
    )
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "send_mail", LetterKind.ACKNOWLEDGEMENT, mark["subject"], mark["body"])
    town.act(reference, lea, "add_event", "appel_usager", mark["comment"])
    town.act(reference, lea, "put_on_hold", "autre", mark["detail"])
    town.act(reference, lea, "resume")
    town.act(reference, lea, "reassign", "max", mark["note"])
    return reference


def test_no_marker_stands_in_any_file_before_or_after_closure(tmp_path: Path) -> None:
    town = Town(tmp_path)
    lea, _ = town.agent("lea", CIVIL), town.agent("max", CIVIL)
    references = [live(town, number) for number in range(DEMANDS)]
    assert found(tmp_path) == []
    kept = [(reference, [fact.name for fact in town.office.dossier(reference, lea).facts]) for reference in references]
    assert town.office.dossier(references[7], lea).applicant is not None

    for number, reference in enumerate(references):
        town.act(reference, lea, "close", "traitee", marker(number, "end"), (marker(number, "subject"), "corps"))
    assert found(tmp_path) == []

    for reference, facts in kept:
        dossier = town.office.dossier(reference, lea)
        assert (dossier.applicant, dossier.answers) == (None, None)
        assert not any(dossier.opened(fact, field) for fact in dossier.facts for field in fact.seals)
        assert [fact.name for fact in dossier.facts][: len(facts)] == facts
    lists, journal = town.installation.lists, town.installation.journal
    assert lists.page(Criteria("service", words=(marker(7, "last"),)), SCOPE, town.clock()).rows == []
    assert len(journal.page(JournalCriteria(limit=500), None).rows) == DEMANDS
    assert town.installation.keyring.keys([demand_id(reference) for reference in references]) == {}
    town.close()


@pytest.mark.parametrize("written", ["plain", "utf-16", "base64", "gzip", "wal"])
def test_the_search_for_markers_is_able_to_fail(tmp_path: Path, written: str) -> None:
    mark = marker(12, "last")
    text = f"… {mark} …".encode()
    content = {
        "plain": text,
        "utf-16": text.decode().encode("utf-16-le"),
        "base64": base64.b64encode(b"x" + text),
        "gzip": gzip.compress(text),
        "wal": b"\0" * 5_000 + text.upper(),
    }[written]
    (tmp_path / "file").write_bytes(content)
    assert {hit.split(":")[0] for hit in found(tmp_path)} == {"file"}


def test_a_sealed_value_written_in_clear_would_be_found_in_the_stores(tmp_path: Path) -> None:
    town = Town(tmp_path)
    mark = marker(3, "event")
    with town.office.directory.change_townhall(Command("system:test", town.clock(), "leak")) as townhall:
        townhall.set_service(mark)
    assert {hit.split(":")[0] for hit in found(tmp_path)} & {"events.sqlite3", "events.sqlite3-wal"}
    town.close()
