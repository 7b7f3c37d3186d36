"""P5: no personal byte stands in clear in any file, before or after closure, and nothing opens afterwards."""

import base64
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.applicant import Address, Applicant
from domain.facts import Command
from domain.intake import Form
from domain.letters import LetterKind
from domain.references import demand_id
from projections.journal import JournalCriteria
from projections.reading import Criteria, Scope
from tests.faults.closing import Closing, count
from tests.faults.hall import ANSWERS, Hall
from tests.faults.markers import Marks
from tests.faults.server_files import ServerFiles, values
from tests.faults.service import suivi
from tests.faults.stores import only_postgres, url_of
from tests.installations import Town

CIVIL = "État civil"
SCOPE = Scope("lea", ("AEN",), (CIVIL,), (CIVIL,))
ALSO_LOGGED = ("log_statement = 'all'", "log_min_duration_statement = 0")
Search = Callable[[], list[str]]


@pytest.fixture
def marks() -> Marks:
    return Marks.new()


@pytest.fixture
def town(tmp_path: Path, stores: str) -> Iterator[Town]:
    town = Town(tmp_path / "var", kind=stores)
    yield town
    town.close()


@pytest.fixture
def search(town: Town, tmp_path: Path, marks: Marks) -> Search:
    """Where marks stand: in the files of the data directory, and in rows and files of PostgreSQL."""
    url = url_of(town.environment)
    server = ServerFiles(url) if url else None

    def searched() -> list[str]:
        hits = marks.found(tmp_path / "var")
        if server is not None and url is not None:
            copy = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            server.copy(copy)
            hits += marks.found(copy) + [f"row: {hit}" for value in values(url) for hit in marks.inside(value)]
        return hits

    return searched


def live(town: Town, marks: Marks, number: int) -> str:
    """One marked demand with something personal in every field that takes text."""

    def mark(field: str) -> str:
        return marks.word(number, field)

    address = Address(line1=mark("street"), postal_code="49990", city="Saint-Aubin")
    person = Applicant(
        mark("last"), mark("first"), usage_name=mark("usage"), email=f"{mark('mail')}@example.org", address=address
    )
    answers = ANSWERS | {"person_last_name": mark("answer")}
    form = Form("AEN", "internet", person, answers, "test")
    reference = town.office.intake.submit(town.command("api:test"), form).reference
    lea = town.office.directory.agent("lea")
    steps: list[tuple[Any, ...]] = [
        ("take_in_charge",),
        ("send_mail", LetterKind.ACKNOWLEDGEMENT, mark("subject"), mark("body")),
        ("add_event", "appel_usager", mark("comment")),
        ("put_on_hold", "autre", mark("detail")),
        ("resume",),
        ("reassign", "max", mark("note")),
    ]
    for step in steps:
        town.act(reference, lea, *step)
    return reference


@pytest.mark.xdist_group("faults-markers")
def test_no_marker_stands_in_any_file_before_or_after_closure(
    town: Town, marks: Marks, search: Search, stores: str, closes: Closing
) -> None:
    number = count(60 if stores == "sqlite" else 15, 500)
    lea, _ = town.agent("lea", CIVIL), town.agent("max", CIVIL)
    references = [live(town, marks, number) for number in range(number)]
    assert search() == []
    kept = [(reference, [fact.name for fact in town.office.dossier(reference, lea).facts]) for reference in references]
    assert town.office.dossier(references[7], lea).applicant is not None

    for at, reference in enumerate(references):
        letter = (marks.word(at, "subject"), marks.word(at, "body"))
        town.act(reference, lea, "close", "traitee", marks.word(at, "end"), letter)
    town.installation.keyring.turn()
    assert search() == []

    for reference, facts in kept:
        dossier = town.office.dossier(reference, lea)
        assert (dossier.applicant, dossier.answers) == (None, None)
        assert not any(dossier.opened(fact, field) for fact in dossier.facts for field in fact.seals)
        assert [fact.name for fact in dossier.facts][: len(facts)] == facts
    lists, journal = town.installation.lists, town.installation.journal
    assert lists.page(Criteria("service", words=(marks.word(7, "last"),)), SCOPE, town.clock()).rows == []
    assert len(journal.page(JournalCriteria(limit=500), None).rows) == number
    assert town.installation.keyring.keys([demand_id(reference) for reference in references]) == {}
    closes(f"P5: {number} marked demands, 0 marks in any file before and after closure")


@pytest.mark.parametrize("written", ["plain", "utf-16", "base64", "gzip", "wal"])
def test_the_search_for_markers_is_able_to_fail(tmp_path: Path, marks: Marks, written: str) -> None:
    text = f"… {marks.word(12, 'last')} …".encode()
    content = {
        "plain": text,
        "utf-16": text.decode().encode("utf-16-le"),
        "base64": base64.b64encode(b"x" + text),
        "gzip": gzip.compress(text),
        "wal": b"\0" * 5_000 + text.upper(),
    }[written]
    (tmp_path / "file").write_bytes(content)
    assert {hit.split(":")[0] for hit in marks.found(tmp_path)} == {"file"}


def test_a_sealed_value_written_in_clear_would_be_found_in_the_stores(
    town: Town, marks: Marks, search: Search, stores: str
) -> None:
    with town.office.directory.change_townhall(Command("system:test", town.clock(), "leak")) as townhall:
        townhall.set_service(marks.word(3, "event"))
    found = {hit.split(":")[0] for hit in search()}
    if stores == "sqlite":
        assert found & {"events.sqlite3", "events.sqlite3-wal"}
    else:
        assert "row" in found
        assert {name for name in found if len(name) == 24}, "the write-ahead log"
        assert {name for name in found if name.isdigit() and len(name) < 24}, "a table"


@only_postgres
@pytest.mark.parametrize("parameters", ["0", "-1"])
def test_values_travel_only_as_parameters_which_a_server_can_leave_out_of_its_log(
    hall: Hall, marks: Marks, parameters: str
) -> None:
    """A server that logs every statement learns a value from its parameters only, and leaves those out if told."""
    url = url_of(hall.environment)
    assert url
    log = ServerFiles(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in (*ALSO_LOGGED, f"log_parameter_max_length = {parameters}"):
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting}")  # type: ignore[call-overload]
    with hall.opened() as installation:
        town_command = Command("system:test", installation.clock(), marks.word(1, "command"))
        with installation.office.directory.change_townhall(town_command) as townhall:
            townhall.set_service(marks.word(2, "service"))
        code, out, err = suivi(hall, "init").done()
    assert code == 0, out + err
    said = marks.inside(log.logged())
    warned = "écrirait des valeurs dans son journal" in err
    assert (said == [], warned) == ((True, False) if parameters == "0" else (False, True)), (said[:3], err)


@only_postgres
def test_an_error_of_the_server_repeats_no_value_in_its_log(town: Town, marks: Marks) -> None:
    """What a role may set for itself is set: the parameters of a statement that failed are left out."""
    url = url_of(town.environment)
    assert url
    log = ServerFiles(url)
    engine = town.installation.stores.events
    with pytest.raises(Exception, match="division by zero"), engine.connect() as connection:
        connection.exec_driver_sql("SELECT length(%(typed)s::text) / 0", {"typed": marks.word(1, "abc")})
    said = log.logged()
    assert b"division by zero" in said
    assert marks.inside(said) == []
