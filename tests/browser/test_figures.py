"""The page of statistics in a browser: charts that show what their tables say, and paper that shows both."""

from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser.watching import Watched

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-more")]
DRAWN = """() => [...document.querySelectorAll("figure[data-chart] canvas")].map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const painted = {};
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3] === 255) {
      const shade = `${pixels[at]},${pixels[at + 1]},${pixels[at + 2]}`;
      painted[shade] = (painted[shade] || 0) + 1;
    }
  }
  const chart = Chart.getChart(canvas);
  const figure = canvas.closest("figure");
  return {
    id: canvas.id, table: figure.dataset.table, group: figure.dataset.group || "", painted,
    labels: chart.data.labels,
    lines: chart.data.datasets.map(({ label, data, backgroundColor }) => ({ label, data, shade: backgroundColor })),
  };
})"""
"""What stands on each canvas: how many pixels of which colour, and the series that were handed to the chart."""
WRITTEN = """(id) => {
  const rows = [...document.getElementById(id).tBodies[0].rows];
  const heads = [...document.getElementById(id).tHead.rows[0].cells];
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    columns: heads.map((head, at) => ({
      label: head.textContent.trim(), series: head.dataset.series || "",
      data: rows.map((row) => row.cells[at].dataset.value === undefined ? null : Number(row.cells[at].dataset.value)),
    })),
  };
}"""


@pytest.mark.parametrize(
    ("browser", "query", "number"), [("narrow", "", 4), ("wide", "?by=procedure", 3)], indirect=["browser"]
)
def test_each_chart_is_drawn_and_shows_what_its_table_says(camille: Watched, query: str, number: int) -> None:
    camille.go(f"/statistiques{query}")
    charts: list[dict[str, Any]] = camille.page.evaluate(DRAWN)
    assert len(charts) == number
    for chart in charts:
        table = camille.page.evaluate(WRITTEN, chart["table"])
        assert chart["labels"] == table["labels"]
        own = [column for column in table["columns"] if column["series"] and _group(column) == chart["group"]]
        assert [line["label"] for line in chart["lines"]] == [column["label"] for column in own]
        assert [line["data"] for line in chart["lines"]] == [column["data"] for column in own]
        for line in chart["lines"]:
            if any(line["data"]):
                assert chart["painted"].get(_rgb(line["shade"]), 0) > 0, (chart["id"], line)
    assert any(any(line["data"]) for chart in charts for line in chart["lines"])
    assert camille.noise == []


@pytest.mark.parametrize("browser", ["wide"], indirect=True)
def test_paper_shows_the_tables_that_the_screen_folds(camille: Watched) -> None:
    camille.page.goto(f"{camille.base_url}/statistiques?by=month")
    tables = camille.page.locator("details[data-folds] table").all()
    written = [" ".join(table.locator("tbody.totals tr > *").all_text_contents()) for table in tables]
    assert len(written) == 3
    camille.page.locator("details[data-folds] summary").first.click()
    printed = PdfReader(BytesIO(camille.page.pdf(format="A4")))
    sheet = " ".join("".join(one.extract_text() for one in printed.pages).split())
    for line in written:
        assert " ".join(line.split()) in sheet
    expect(tables[0]).to_be_visible()
    for table in tables[1:]:
        expect(table).to_be_hidden()


def _group(column: dict[str, Any]) -> str:
    return str([*column["series"].split(" "), "", ""][2])


def _rgb(shade: str) -> str:
    return ",".join(str(int(shade[at : at + 2], 16)) for at in (1, 3, 5))
