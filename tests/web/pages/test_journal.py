"""The journal: finished demands and archives, found by what stays, showing nothing personal."""

import csv
import html
import io
import re
import zipfile
from threading import BoundedSemaphore
from urllib.parse import quote

import pytest

from domain.references import demand_id
from tests.web.pages.conftest import MARIE, Browser, Hall, text
from web import spreadsheets
from web.journal_table import COLUMNS


@pytest.fixture(scope="module")
def finished(hall: Hall) -> str:
    """A demand that lived through everything."""
    reference = hall.received()
    zoe = hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/prise-en-compte")
    zoe.post(f"/demandes/{reference}/evenements", event_type="appel_usager", comment="Secret de famille")
    zoe.post(f"/demandes/{reference}/mise-en-attente", reason="avis_attendu", detail="Secret du préfet")
    zoe.post(f"/demandes/{reference}/reprise")
    zoe.post(f"/demandes/{reference}/reattribution", agent="luc", note="Secret de bureau")
    hall.browser("luc").post(f"/demandes/{reference}/cloture", outcome="refusee", comment="Secret", decision="none")
    return reference


def listed(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/journal?{query}")
    assert page.status_code == 200
    return re.findall(r'class="reference"[^>]*>([^<]+)<', page.text)


def test_a_row_keeps_what_must_remain_and_nothing_else(finished: str, zoe: Browser) -> None:
    page = zoe.get(f"/journal?reference={finished}")
    words = text(page)
    stays = ("Zoé Martin", "Luc Petit", "Refusée", "Appel de l’usager", "Avis d’un autre service attendu", "Clôture")
    for phrase in stays:
        assert phrase in words
    for gone in (MARIE.last_name, MARIE.first_name, "Secret"):
        assert gone not in html.unescape(page.text)


@pytest.mark.parametrize(
    "query",
    [
        "procedure=AEN",
        "service=État civil",
        "agent=zoe",
        "agent=luc",
        "event_type=appel_usager",
        "closed_from=2027-03-01&closed_to=2027-03-01",
        "size=100",
    ],
)
def test_it_is_found_by_what_stays(finished: str, zoe: Browser, query: str) -> None:
    assert finished in listed(zoe, query)


@pytest.mark.parametrize(
    "query", ["procedure=AEM", "service=Cimetières", "agent=max", "event_type=piece_recue", "closed_from=2027-03-02"]
)
def test_it_is_not_found_by_anything_else(finished: str, zoe: Browser, query: str) -> None:
    assert finished not in listed(zoe, query)


def test_archives_hold_what_is_older_than_the_town_s_delay(fresh_hall: Hall) -> None:
    reference = fresh_hall.closed()
    fresh_hall.clock.move(days=400)
    zoe = fresh_hall.browser("zoe")
    assert reference not in listed(zoe)
    assert reference in listed(zoe, "archives=1")


def test_archives_are_empty_before(finished: str, zoe: Browser) -> None:
    assert finished in listed(zoe)
    assert listed(zoe, "archives=1") == []
    assert "Aucune demande archivée" in text(zoe.get("/journal?archives=1"))


def test_each_sees_what_he_may(hall: Hall, finished: str, ines: Browser, max_: Browser) -> None:
    assert finished in listed(ines)
    assert finished in listed(hall.browser("noe"))
    assert finished not in listed(max_)


def test_an_analyst_is_not_led_to_demands_he_may_not_open(hall: Hall, finished: str) -> None:
    noe = hall.browser("noe")
    assert f'href="/demandes/{finished}"' not in noe.get("/journal").text
    assert noe.get(f"/demandes/{finished}").status_code == 403


@pytest.mark.parametrize(
    "query", ["size=3", "closed_from=hier", "closed_to=9999-12-31", "cursor=faux", "archives=peut-être"]
)
def test_impossible_criteria_are_explained(zoe: Browser, query: str) -> None:
    assert zoe.get(f"/journal?{query}").status_code == 422


def test_pages_follow_each_other(hall: Hall, hugo: Browser) -> None:
    closed = {hall.closed(procedure="AED") for _ in range(26)}
    first = hugo.get("/journal?procedure=AED").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = hugo.get(html.unescape(following[1])).text
    both = [re.findall(r'class="reference"[^>]*>([^<]+)<', page) for page in (first, second)]
    assert [len(page) for page in both] == [25, 1]
    assert {reference for page in both for reference in page} == closed


def test_a_miscopied_reference_says_so(finished: str, zoe: Browser) -> None:
    wrong = finished[:-1] + ("0" if finished[-1] != "0" else "1")
    assert "mal recopiée" in text(zoe.get(f"/journal?reference={wrong}"))


def test_it_is_searched_by_a_form_that_leads_to_an_address_without_names(finished: str, zoe: Browser) -> None:
    page = zoe.get("/journal").text
    assert '<form method="post" action="/journal" class="criteria-form">' in page
    asked = {"reference": finished.lower(), "procedure": "AEN", "closed_from": "2027-01-01", "size": "50"}
    answer = zoe.post("/journal", **asked)
    address = f"/journal?reference={finished.lower()}&procedure=AEN&closed_from=2027-01-01&size=50"
    assert (answer.status_code, answer.location) == (303, address)
    assert f'href="/demandes/{finished}"' in zoe.get(answer.location).text
    assert zoe.post("/journal", archives="1").location == "/journal?archives=1"


@pytest.mark.parametrize("typed", ["Nuñez-Dupont", "Jean Dupont", "dupont@exemple.fr", "0612345678"])
def test_what_is_no_reference_is_refused_and_stands_in_no_link(finished: str, zoe: Browser, typed: str) -> None:
    for answer in (
        zoe.post("/journal", reference=typed, archives="1"),
        zoe.get(f"/journal?archives=1&reference={quote(typed)}"),
        zoe.get(f"/journal.csv?reference={quote(typed)}"),
    ):
        assert answer.status_code == 422
        assert answer.location is None
        assert "Une référence ressemble à" in text(answer)
        page = html.unescape(answer.text)
        assert f'value="{typed}"' in page
        assert typed[:5] not in "".join(re.findall(r'(?:href|action)="[^"]*"', page))


def test_the_box_of_every_page_of_an_analyst_sends_no_name_in_an_address(hall: Hall, finished: str) -> None:
    noe = hall.browser("noe")
    assert '<form class="search" role="search" method="post" action="/journal">' in noe.get("/journal").text
    assert noe.post("/journal", reference="Nuñez").status_code == 422
    assert noe.post("/journal", reference=finished).location == f"/journal?reference={finished}"


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/journal.csv?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:], newline=""), delimiter=";"))


def test_the_present_search_leaves_as_csv_with_every_milestone(finished: str, zoe: Browser) -> None:
    (row,) = exported(zoe, f"reference={finished}")
    assert tuple(row) == COLUMNS
    assert (row["Statut"], row["Issue"], row["Canal"], row["Clôturée le"]) == (
        *("Clôturée", "Refusée", "Internet", "01/03/2027 09:00:00"),
    )
    assert row["Agents"] == "Zoé Martin (zoe), Luc Petit (luc)"
    assert "Événement « Appel de l’usager » (Zoé Martin (zoe))" in row["Jalons"]
    assert "Réattribution « Luc Petit (luc) »" in row["Jalons"]
    assert exported(zoe, f"reference={finished}&agent=max") == []


def test_an_export_holds_all_pages_of_the_search_and_links_keep_it(hall: Hall, hugo: Browser) -> None:
    closed = {hall.closed(procedure="AEM") for _ in range(27)}
    page = hugo.get("/journal?procedure=AEM&size=25").text
    addresses = re.findall(r'href="(/journal\.(?:csv|xlsx)[^"]*)"', page)
    assert [html.unescape(one) for one in addresses] == ["/journal.csv?procedure=AEM", "/journal.xlsx?procedure=AEM"]
    assert {row["Référence"] for row in exported(hugo, "procedure=AEM&size=25")} == closed


def test_the_workbook_has_dates_and_no_formula(finished: str, zoe: Browser) -> None:
    answer = zoe.get(f"/journal.xlsx?reference={finished}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="journal-2027-03-01.xlsx"'
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "46447.375" in sheet
    assert finished in archive.read("xl/sharedStrings.xml").decode()


def test_too_long_a_workbook_is_refused_with_a_way_out(
    finished: str, zoe: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_IN_A_FILE", 0)
    for shape in ("csv", "xlsx"):
        page = zoe.get(f"/journal.{shape}?reference={finished}")
        assert page.status_code == 422
        assert "exportez période par période, avec « Terminée à partir du » et « Terminée jusqu’au »" in text(page)
        assert "suivi export" in text(page)


def test_few_files_are_made_at_a_time_and_the_others_are_told_when_to_come_back(
    finished: str, zoe: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "_being_made", BoundedSemaphore(1))
    with spreadsheets._being_made:
        for shape in ("csv", "xlsx"):
            page = zoe.get(f"/journal.{shape}?reference={finished}")
            assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
            assert "D’autres fichiers sont en préparation" in html.unescape(page.text)
        assert zoe.get("/journal").status_code == 200
    for _ in range(2):
        assert zoe.get("/journal.csv?closed_from=hier").status_code == 422
        assert len(exported(zoe, f"reference={finished}")) == 1


def test_a_file_is_given_in_one_piece(finished: str, zoe: Browser) -> None:
    answer = zoe.get(f"/journal.csv?reference={finished}")
    assert answer.content_length == len(answer.data)
    assert answer.is_sequence


def test_a_refusal_never_becomes_a_file(finished: str, zoe: Browser) -> None:
    links = re.findall(r"<a [^>]*/journal\.(?:csv|xlsx)[^>]*>", zoe.get("/journal").text)
    assert len(links) == 2
    assert not any("download" in link for link in links)


def test_days_in_the_wrong_order_are_refused_and_nothing_is_shown(finished: str, zoe: Browser) -> None:
    page = zoe.get("/journal?closed_from=2027-03-02&closed_to=2027-03-01")
    assert page.status_code == 422
    assert "La période commence après sa fin" in text(page)
    assert finished not in page.text
    assert "/journal.csv" not in page.text
    assert zoe.get("/journal.csv?closed_from=2027-03-02&closed_to=2027-03-01").status_code == 422


def test_letters_have_the_same_french_names_on_the_page_and_in_files(fresh_hall: Hall) -> None:
    reference = fresh_hall.received()
    zoe = fresh_hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/prise-en-compte")
    zoe.post(f"/demandes/{reference}/cloture", outcome="traitee", comment="", decision="none")
    words = text(zoe.get(f"/journal?reference={reference}"))
    (row,) = exported(zoe, f"reference={reference}")
    steps = row["Jalons"].split(" | ")
    assert any("« courriel de clôture »" in step for step in steps)
    assert "courriel de clôture" in words
    assert not re.search("acknowledgement|registration_receipt|closure", f"{row['Jalons']} {words}")


def test_an_export_obeys_the_same_rights_and_criteria(
    hall: Hall, finished: str, zoe: Browser, max_: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finished not in [row["Référence"] for row in exported(max_)]
    assert finished in [row["Référence"] for row in exported(hall.browser("noe"))]
    assert exported(zoe, "archives=1") == []
    assert zoe.get("/journal.csv?closed_from=hier").status_code == 422
    monkeypatch.setattr(spreadsheets, "find_spec", lambda _: None)
    assert zoe.get("/journal.xlsx").status_code == 404
    assert "journal.xlsx" not in zoe.get("/journal").text


def test_nothing_personal_leaves(finished: str, zoe: Browser) -> None:
    words = zoe.get(f"/journal.csv?reference={finished}").text
    for gone in (MARIE.last_name, MARIE.first_name, "Secret"):
        assert gone not in words


def test_a_demand_deleted_untreated_appears_as_such(fresh_hall: Hall) -> None:
    reference = fresh_hall.received()
    with fresh_hall.office.demand_of_job(demand_id(reference), fresh_hall.command("system:expire")) as demand:
        demand.expire("deletion_delay", fresh_hall.clock())
    zoe = fresh_hall.browser("zoe")
    words = text(zoe.get(f"/journal?reference={reference}"))
    assert "Supprimée" in words
    assert "Suppression sans traitement" in words
    (row,) = exported(zoe, f"reference={reference}")
    assert (row["Statut"], row["Issue"], row["Agents"]) == ("Supprimée", "", "")


@pytest.mark.parametrize("query", ["archives=1", "archives=1&agent=zoe", "archives=1&procedure=AEN&event_type="])
def test_archives_are_searched_and_exported_alike(fresh_hall: Hall, query: str) -> None:
    reference = fresh_hall.closed()
    fresh_hall.clock.move(days=400)
    recent = fresh_hall.closed()
    zoe = fresh_hall.browser("zoe")
    assert listed(zoe, query) == [reference]
    assert [row["Référence"] for row in exported(zoe, query)] == [reference]
    assert [row["Référence"] for row in exported(zoe)] == [recent]


def test_milestones_stand_in_a_row_of_their_own_below_their_demand(finished: str, zoe: Browser) -> None:
    page = zoe.get(f"/journal?reference={finished}").text
    ((row, steps),) = re.findall(r'<tr>\s*(<th scope="row".*?)</tr>\s*<tr class="unfolded"(.*?)</tr>', page, re.DOTALL)
    assert f'<summary aria-controls="jalons-{finished}">' in row
    assert row.count("<td") + row.count("<th") == int(re.findall(r'<td colspan="(\d)">', steps)[0]) == 7
    assert steps.startswith(f' id="jalons-{finished}">')
    assert f'<ol aria-label="Jalons de {finished}">' in steps
    assert steps.count("<li>") >= 7
    assert 'datetime="2027-03-01T08:00:00+00:00"' in steps
