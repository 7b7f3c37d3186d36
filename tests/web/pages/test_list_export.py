"""A list as a CSV for a French spreadsheet: the present criteria, all pages, and no citizen in it."""

import csv
import io

import pytest
from werkzeug.test import TestResponse

from domain.applicant import Applicant
from tests.web.pages.conftest import MARIE, Browser, Hall, text
from web import list_export, spreadsheets

ADDRESSES = ("non-traitees", "en-cours", "en-attente", "service")


def rows(answer: TestResponse) -> list[dict[str, str]]:
    """The lines of the file, by heading."""
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


@pytest.fixture(scope="module")
def untreated(hall: Hall) -> list[str]:
    """Some demands that nobody took."""
    return [hall.received("AED") for _ in range(7)]


def test_the_file_holds_all_pages_in_the_lists_order(
    hall: Hall, zoe: Browser, untreated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.received("AEM")
    monkeypatch.setattr(list_export, "PAGE", 3)
    answer = zoe.get("/demandes/non-traitees.csv?procedure=AED&sort=-received&size=50")
    assert [row["Référence"] for row in rows(answer)] == untreated[::-1]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="demandes-non-traitees-2027-03-01.csv"' in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_list_offers_the_file_of_its_present_criteria(hall: Hall, zoe: Browser) -> None:
    references = {"non-traitees": hall.received(), "en-cours": hall.taken(), "en-attente": hall.held()}
    for address, reference in references.items():
        page = zoe.get(f"/demandes/{address}?procedure=AEN").text
        assert f'href="/demandes/{address}.csv?procedure=AEN' in page
        listed = {row["Référence"]: row for row in rows(zoe.get(f"/demandes/{address}.csv?procedure=AEN"))}
        assert listed[reference]["Intitulé"].startswith("Copie")
    service = {row["Référence"]: row for row in rows(zoe.get("/demandes/service.csv"))}
    assert set(references.values()) <= set(service)
    assert service[references["en-attente"]]["Statut"] == "En attente"
    assert service[references["en-attente"]]["En attente depuis le"] == "01/03/2027 09:00:00"
    assert service[references["en-cours"]]["Agent"] == "Zoé Martin"


def test_no_citizen_leaves_with_the_file(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    address = zoe.post("/demandes/service", applicant="oeuvrard").location
    answer = zoe.get(address.replace("/service?", "/service.csv?"))
    assert reference in answer.text
    for personal in (MARIE.last_name, MARIE.last_name.upper(), MARIE.first_name, MARIE.email, MARIE.phone, "oeuvrard"):
        assert personal
        assert personal not in answer.text
    assert hall.installation.access_log.of(reference) == []


def test_late_demands_are_told(fresh_hall: Hall) -> None:
    reference = fresh_hall.received("AEM")
    fresh_hall.clock.move(days=100)
    (row,) = rows(fresh_hall.browser("zoe").get("/demandes/non-traitees.csv?late=1"))
    assert (row["Référence"], row["En retard"]) == (reference, "oui")


def test_no_text_becomes_a_formula(hall: Hall, zoe: Browser) -> None:
    hall.office.directory.register_agent(hall.command(), "calc", "=1+1", hall.agent("zoe").rights)
    reference = hall.taken("calc", applicant=Applicant("=2+2", "@cmd"))
    (row,) = rows(zoe.get(f"/demandes/service.csv?reference={reference}"))
    assert row["Agent"] == "'=1+1"


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_file_is_in_the_rights_of_the_list(
    hall: Hall, max_: Browser, ines: Browser, untreated: list[str], address: str
) -> None:
    assert rows(max_.get(f"/demandes/{address}.csv")) == []
    assert ines.get(f"/demandes/{address}.csv").status_code == 403
    assert hall.app.test_client().get(f"/demandes/{address}.csv").status_code == 303


def test_too_many_rows_are_refused_with_what_to_do(
    zoe: Browser, untreated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_IN_A_FILE", len(untreated) - 1)
    answer = zoe.get("/demandes/non-traitees.csv?procedure=AED")
    assert answer.status_code == 422
    assert "lignes pour un fichier : gardez ces critères" in text(answer)
    assert "période par période, avec « Reçue à partir du » et « Reçue jusqu’au »" in text(answer)
    assert '<option value="AED" selected>' in answer.text
    assert zoe.get("/demandes/en-cours.csv").status_code == 200


@pytest.mark.parametrize("query", ["sort=name", "received_from=hier", "cherche=forged"])
def test_impossible_criteria_are_explained(zoe: Browser, query: str) -> None:
    answer = zoe.get(f"/demandes/service.csv?{query}")
    assert answer.status_code == 422
    assert "Ces critères ne conviennent pas" in answer.text
