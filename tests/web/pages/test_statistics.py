"""Obtenir les statistiques: four figures, every breakdown and period, definitions, and the same in CSV and XLSX."""

import csv
import html
import io
import re
import zipfile
from datetime import date

import pytest

from domain.rights import Rights, Role
from projections.statistics import Delay, Figure
from tests.web.pages.conftest import CIVIL, MARIE, PEOPLE, Browser, Hall, text
from web import figures_page, spreadsheets
from web.columns import BREAKDOWNS, COLUMNS, DEFINITIONS, nine_in_ten, percent, period_label, spoken

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


@pytest.mark.parametrize(
    ("query", "whose"),
    [("", "Toute la mairie"), ("procedure=AEN", "Copie ou extrait d’acte de naissance"), (f"service={CIVIL}", CIVIL)],
)
def test_the_heading_says_whose_figures_these_are(noe: Browser, query: str, whose: str) -> None:
    heading = re.search(r"<h1.*?</h1>", noe.get(f"/statistiques?{query}").text, re.DOTALL)
    assert heading is not None
    assert f" · {whose}</span>" in html.unescape(heading[0])


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


@pytest.mark.parametrize("by", ["procedure", "service", "agent"])
def test_rows_that_are_no_periods_are_in_the_order_of_their_names(noe: Browser, by: str) -> None:
    shown = [name for name in rows(noe, f"by={by}") if name not in (BREAKDOWNS[by], "Total")]
    named = [name for name in shown if name != "(personne)"]
    assert named == sorted(named, key=lambda name: name.replace("É", "E").casefold())
    assert shown == [*named, *(["(personne)"] if by == "agent" else [])]
    assert [row[BREAKDOWNS[by]] for row in exported(noe, f"by={by}")] == [*shown, "Total"]


def test_choices_are_in_the_order_of_their_names_whatever_their_accents(noe: Browser) -> None:
    page = noe.get("/statistiques").text
    for first, second in (("Débit de boissons", "Dossier de mariage"), ("État civil", "Urbanisme")):
        assert 0 < page.index(f">{first}") < page.index(f">{second}")


def test_a_period_before_the_first_fact_is_empty_and_in_order(noe: Browser) -> None:
    words = text(noe.get("/statistiques?to=2000-01-01"))
    assert "du 01/01/2000 au 01/01/2000" in words
    assert "Rien à compter sur cette période" in words


def test_many_days_are_offered_by_week_or_by_month(noe: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Beaucoup de lignes" not in noe.get("/statistiques?from=2027-02-01&by=day").text
    monkeypatch.setattr(figures_page, "MANY_ROWS", 0)
    page = noe.get("/statistiques?from=2027-02-01&by=day").text
    assert '<a href="/statistiques?from=2027-02-01&amp;by=week">par semaine</a>' in page
    assert '<a href="/statistiques?from=2027-02-01&amp;by=month">par mois</a>' in page
    assert "Beaucoup de lignes" not in noe.get("/statistiques?by=procedure").text


@pytest.mark.parametrize(("by", "advised"), [("agent", False), ("procedure", False), ("day", True)])
def test_too_many_rows_for_a_page_leave_as_a_file(
    noe: Browser, monkeypatch: pytest.MonkeyPatch, by: str, *, advised: bool
) -> None:
    monkeypatch.setattr(figures_page, "MOST_ROWS_SHOWN", 0)
    page = noe.get(f"/statistiques?by={by}")
    assert page.status_code == 422
    assert "exportez-les" in text(page)
    assert ("raccourcissez la période" in text(page)) == advised
    assert f'href="/statistiques.csv?by={by}"' in page.text


def test_the_backlog_over_time_is_drawn_on_a_scale_of_its_own(noe: Browser) -> None:
    assert 'data-group="stock"' in noe.get("/statistiques?by=month").text
    assert 'data-series="line 4 stock"' in noe.get("/statistiques?by=month").text
    assert 'data-group="stock"' not in noe.get("/statistiques?by=procedure").text


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
    assert found["Total de la mairie"][1] == "2"
    assert exported(hugo, "by=agent")[-1]["Agent"] == "Total de la mairie"
    assert "Total" in rows(hugo, "by=procedure")


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
    assert "<table" not in page.text
    assert "<canvas" not in page.text
    assert "/statistiques.csv" not in page.text


@pytest.mark.parametrize("query", ["from=hier&by=service", "by=service&procedure=AEN", "from=2027-03-02&to=2027-03-01"])
def test_no_link_of_a_refused_page_leads_to_the_same_fault(noe: Browser, query: str) -> None:
    page = noe.get(f"/statistiques?{query}").text
    links = [html.unescape(link) for link in re.findall(r'href="(/statistiques[^"]*)"', page)]
    assert len(links) > len(BREAKDOWNS)
    assert {link: noe.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_what_is_right_in_a_refused_address_stays_in_its_links(noe: Browser) -> None:
    page = noe.get("/statistiques?from=hier&by=service&to=2027-03-01").text
    assert 'href="/statistiques?to=2027-03-01&amp;by=month"' in page


def test_a_refusal_never_becomes_a_file(noe: Browser) -> None:
    assert "download" not in re.findall(r"<a [^>]*statistiques\.(?:csv|xlsx)[^>]*>", noe.get("/statistiques").text)[0]


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


@pytest.mark.parametrize(("by", "said"), [("month", "mois"), ("year", "annee"), ("procedure", "demarche")])
def test_a_file_of_figures_is_named_in_french(noe: Browser, by: str, said: str) -> None:
    answer = noe.get(f"/statistiques.csv?by={by}&from=2027-03-01&to=2027-03-31")
    assert f"statistiques-2027-03-01-2027-03-31-{said}.csv" in answer.headers["Content-Disposition"]


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
    [
        *((None, "–"), (0, "moins d’une minute"), (59, "moins d’une minute"), (60, "1 min"), (1_800, "30 min")),
        *((3_590, "1 h"), (7_200, "2 h"), (12_600, "3,5 h"), (86_300, "1 jour"), (86_400, "1 jour")),
        *((150_000, "1,7 jour"), (172_800, "2 jours"), (362_880, "4,2 jours")),
    ],
)
def test_a_delay_is_said_in_days_or_in_hours_below_a_day(seconds: float | None, said: str) -> None:
    assert spoken(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (12, "9 demandes sur 10 en moins d’une minute"),
        (483_840, "9 demandes sur 10 en moins de 5,6 jours"),
    ],
)
def test_nine_demands_in_ten_are_a_sentence(seconds: float | None, said: str) -> None:
    assert nine_in_ten(seconds) == said


@pytest.mark.parametrize(
    ("part", "whole", "read", "filed"),
    [
        *((2_999, 3_000, 99, 99.9), (3_000, 3_000, 100, 100), (1, 3_000, 1, 0.1), (0, 3_000, 0, 0)),
        *((249, 250, 99, 99.6), (8_449, 10_000, 84, 84.5), (2, 3, 67, 66.7)),
    ],
)
def test_a_share_is_rounded_once_and_is_whole_only_when_all_are_in_time(
    part: int, whole: int, read: float, filed: float
) -> None:
    assert percent(100 * part / whole) == read
    none = Delay(0, None, None, None)
    shares = {"taken": part, "closed": part}, {"taken": whole, "closed": whole}
    figure = Figure(0, whole, whole, 0, 0, 0, *shares, none, none)
    assert [column.rounded(figure) for column in COLUMNS if column.kind == "share"] == [filed, filed]


def test_periods_are_named_as_one_says_them() -> None:
    assert period_label("2011-W05", "week") == "semaine 5, 2011"
    assert period_label("2027-08", "month") == "août 2027"
    assert period_label(str(date(2027, 8, 1)), "day") == "01/08/2027"
