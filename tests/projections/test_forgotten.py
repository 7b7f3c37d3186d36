"""What leaves the lists leaves the disk: no token of a closed demand stays in the read models' write-ahead log."""

from pathlib import Path

from domain.closing import GROUP
from projections.names import findable, tokens
from projections.projector import PAGE
from projections.reading import Criteria
from tests.installations import Town
from tests.projections.test_lists import CIVIL, LEA


def test_no_search_token_of_a_closed_demand_is_left_in_the_log(tmp_path: Path) -> None:
    town = Town(tmp_path)
    installation, lea, reference = town.installation, town.agent("lea", CIVIL), town.submit("AEN", last_name="Zqxkwvj")
    generation = installation.projector.position().generation
    applicant = town.office.dossier(reference, lea).applicant
    assert applicant is not None
    marks = tokens(sorted(findable(applicant)), installation.keyring.keys([generation])[generation])
    log = installation.settings.files["views"].with_name("views.sqlite3-wal")
    assert any(mark in log.read_bytes() for mark in marks)
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "close", "traitee")
    assert not any(mark in log.read_bytes() for mark in marks)
    assert installation.lists.page(Criteria("service"), LEA, town.clock()).rows == []
    town.close()


def test_the_facts_of_a_group_of_closures_are_one_page() -> None:
    closed, letter_or_none, erased = 1, 1, 1
    assert GROUP * (closed + letter_or_none + erased) < PAGE
