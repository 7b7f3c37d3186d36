"""Obtenir les statistiques: four figures, every breakdown and period, definitions, and the same in CSV and XLSX."""

import csv
import html
import io
import re
import zipfile
from datetime import date

import pytest

from domain.rights import Rights, Role
from tests.web.pages.conftest import MARIE, PEOPLE, Browser, Hall, text
from web import spreadsheets
from web.columns import BREAKDOWNS, COLUMNS, DEFINITIONS, period_label, spoken

SEES_AGENTS = {"hugo", "noe"}


@pytest.fixture(scope="module", autouse=True)
def lived(hall: Hall) -> list[str]:
    """Some demands received, taken, closed, on hold; one of another service."""
    closed = [hall.closed() for _ in range(3)]
    hall.closed("luc", procedure="AED")
    return [*closed, hall.taken(), hall.held(), hall.received(), hall.taken("max", procedure="ODP")]


@pytest.fixture
def noe(hall: Hall) -> Browser:
    """The analyst."""
    return hall.browser("noe")


def rows(browser: Browser, query: str = "", table: str = "volumes") -> dict[str, list[str]]:
    """The rows of a table of the page, by what they stand for."""
    page = browser.get(f"/statistiques?{query}")
    assert page.status_code == 200
    found = re.search(rf'<table[^>]*id="figures-{table}">(.*?)</table>', page.text, re.DOTALL)
    assert found is not None
    lines = re.findall(r"<tr>(.*?)</tr>", html.unescape(found[1]), re.DOTALL)
    return {first: rest for first, *rest in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines)}


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"/statistiques.csv?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:], newline=""), delimiter=";"))


def test_the_four_figures_stand_on_top(noe: Browser) -> None:
    words = text(noe.get("/statistiques"))
    for said in ("8 reçues", "7 prises en compte", "4 clôturées", "4 en stock le 01/03/2027"):
        assert said in words
    assert "7 à temps sur 7 qui avaient une échéance" in words
    assert "100 %" in words


def test_every_figure_is_defined(noe: Browser) -> None:
    words = text(noe.get("/statistiques"))
    for word, meaning in DEFINITIONS:
        assert word in words
        assert meaning in words


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("procedure", ["Copie ou extrait d’acte de naissance", "Copie d’acte de décès"]),
        ("service", ["État civil", "Urbanisme et domaine public"]),
        ("agent", ["Zoé Martin", "Luc Petit", "Max Blanc", "(personne)"]),
        ("channel", ["Internet"]),
        ("day", ["01/03/2027"]),
        ("week", ["semaine 9, 2027"]),
        ("month", ["mars 2027"]),
        ("year", ["2027"]),
    ],
)
def test_every_breakdown_adds_up(noe: Browser, by: str, keys: list[str]) -> None:
    found = rows(noe, f"by={by}")
    assert set(keys) <= set(found)
    total = found.pop("Total")
    heading = found.pop(BREAKDOWNS[by])
    assert heading[:3] == ["Reçues", "Prises en compte", "Clôturées"]
    for column in range(5):
        assert sum(int(row[column]) for row in found.values()) == int(total[column])


def test_without_a_breakdown_the_length_of_the_period_chooses_it(noe: Browser) -> None:
    assert "01/03/2027" in rows(noe)
    assert "mars 2027" in rows(noe, "from=2026-04-01")
    assert "2027" in rows(noe, "from=2015-01-01")


def test_a_range_leaves_other_days_out(noe: Browser) -> None:
    words = text(noe.get("/statistiques?from=2027-02-01&to=2027-02-28"))
    assert "0 reçue " in words
    assert "Rien à compter sur cette période" in words
    assert "du 01/02/2027 au 28/02/2027" in words


def test_the_periods_are_one_click_away(noe: Browser) -> None:
    page = noe.get("/statistiques?by=procedure&from=2027-03-01&to=2027-03-01").text
    periods = dict(re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', page.split('aria-label="Période"', 1)[1]))
    addresses = {label: html.unescape(address) for address, label in periods.items()}
    assert addresses["12 derniers mois"] == "/statistiques?from=2026-04-01&to=2027-03-01&by=procedure"
    assert addresses["Cette année"] == "/statistiques?from=2027-01-01&to=2027-03-01&by=procedure"
    assert addresses["Tout"] == "/statistiques?by=procedure"
    for address in addresses.values():
        assert noe.get(address).status_code == 200
    assert 'aria-current="page">Ce mois<' in page


def test_one_procedure_or_one_service_alone(noe: Browser) -> None:
    assert rows(noe, "procedure=AED&by=month")["Total"][:3] == ["1", "1", "1"]
    assert rows(noe, "service=Urbanisme et domaine public")["Total"][:3] == ["1", "1", "0"]


def test_delays_are_told_in_days_and_shares(fresh_hall: Hall) -> None:
    reference = fresh_hall.received()
    fresh_hall.clock.move(days=3)
    zoe = fresh_hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/prise-en-compte")
    zoe.post(f"/demandes/{reference}/mise-en-attente", reason="avis_attendu")
    fresh_hall.clock.move(days=20)
    zoe = fresh_hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/reprise")
    fresh_hall.clock.move(hours=12)
    zoe = fresh_hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/cloture", outcome="traitee", comment="", decision="none")
    assert rows(zoe, "by=year", "taking")["2027"][1:] == ["0\u202f%", "3,0", "3,0", "3,0"]
    assert rows(zoe, "by=year", "closing")["2027"] == ["1", "100\u202f%", "3,5", "3,5", "3,5"]
    assert "0 à temps sur 1 qui avaient une échéance" in text(zoe.get("/statistiques"))


@pytest.mark.parametrize("code", sorted(PEOPLE))
def test_figures_by_agent_are_for_heads_administrators_and_analysts(hall: Hall, code: str) -> None:
    browser = hall.browser(code)
    page = browser.get("/statistiques")
    assert page.status_code == 200
    assert ('value="agent"' in page.text) == (code in SEES_AGENTS)
    for address in ("/statistiques?by=agent", "/statistiques.csv?by=agent", "/statistiques.xlsx?by=agent"):
        assert browser.get(address).status_code == (200 if code in SEES_AGENTS else 403)


def test_a_head_sees_the_agents_of_his_services(fresh_hall: Hall) -> None:
    fresh_hall.closed()
    fresh_hall.taken("max", procedure="ODP")
    directory = fresh_hall.office.directory
    of_one_service = Rights(frozenset({Role.HEAD}), frozenset({"État civil"}), frozenset())
    directory.change_rights(fresh_hall.command(), "hugo", of_one_service)
    hugo = fresh_hall.browser("hugo")
    found = rows(hugo, "by=agent")
    assert "Zoé Martin" in found
    assert "Max Blanc" not in found
    assert "Max Blanc" not in hugo.get("/statistiques.csv?by=agent").text
    assert "les agents de vos services" in text(hugo.get("/statistiques?by=agent"))


@pytest.mark.parametrize(
    "query",
    [
        "from=hier",
        "from=2027-03-02&to=2027-03-01",
        "by=couleur",
        "by=channel&procedure=AEN",
        "procedure=AEN&service=Urbanisme",
        "from=1970-01-01&to=2199-01-01",
        "from=2015-01-01&by=day",
        "from=2009-01-01&by=day",
    ],
)
def test_what_cannot_be_shown_is_explained(noe: Browser, query: str) -> None:
    page = noe.get(f"/statistiques?{query}")
    assert page.status_code == 422
    assert "Ces critères ne conviennent pas" in text(page)


@pytest.mark.parametrize("query", ["endpoint=x", "_scheme=javascript&_external=1", "_anchor=a", "shape=csv", "by="])
def test_a_strange_address_changes_nothing(noe: Browser, query: str) -> None:
    page = noe.get(f"/statistiques?{query}")
    assert page.status_code == 200
    assert "javascript:" not in page.text


def test_the_page_is_whole_without_a_script(noe: Browser) -> None:
    page = noe.get("/statistiques?by=month").text
    assert page.count('<details class="fold figures-fold" open') == 3
    assert page.count('<figure class="chart" hidden') == 3
    assert 'data-value="8"' in page
    assert "<script>" not in page
    assert "style=" not in page


def test_the_csv_holds_what_the_page_shows(noe: Browser) -> None:
    found = exported(noe, "by=procedure")
    assert list(found[0])[2:] == [column.heading for column in COLUMNS]
    by_code = {row["Code"]: row for row in found}
    assert (by_code["AED"]["Reçues"], by_code["AED"]["Clôturées"]) == ("1", "1")
    assert by_code["AED"]["Clôture : part à temps (%)"] == "100,0"
    total = next(row for row in found if row["Démarche"] == "Total")
    assert total["Reçues"] == rows(noe, "by=procedure")["Total"][0]


def test_the_workbook_holds_the_figures_and_what_they_mean(noe: Browser) -> None:
    answer = noe.get("/statistiques.xlsx?by=agent&from=2027-03-01&to=2027-03-31")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="statistiques-2027-03-01-2027-03-31-agent.xlsx"'
    )
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    texts = archive.read("xl/sharedStrings.xml").decode()
    assert "Zoé Martin" in texts
    assert "Du 01/03/2027 au 31/03/2027" in texts
    assert 'name="Définitions"' in archive.read("xl/workbook.xml").decode()


def test_nothing_personal_is_in_any_of_them(hall: Hall, noe: Browser) -> None:
    for address in ("/statistiques", "/statistiques.csv", "/statistiques?by=agent"):
        words = html.unescape(noe.get(address).text)
        assert MARIE.last_name not in words
        assert MARIE.first_name not in words


def test_without_the_extra_only_csv_is_offered(noe: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "find_spec", lambda _: None)
    assert "statistiques.xlsx" not in noe.get("/statistiques").text
    assert "statistiques.csv" in noe.get("/statistiques").text
    assert noe.get("/statistiques.xlsx").status_code == 404


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0, "0 min"), (1_800, "30 min"), (7_200, "2 h"), (12_600, "3,5 h"), (362_880, "4,2 jours")],
)
def test_a_delay_is_said_in_its_own_unit(seconds: float | None, said: str) -> None:
    assert spoken(seconds) == said


def test_periods_are_named_as_one_says_them() -> None:
    assert period_label("2011-W05", "week") == "semaine 5, 2011"
    assert period_label("2027-08", "month") == "août 2027"
    assert period_label(str(date(2027, 8, 1)), "day") == "01/08/2027"
