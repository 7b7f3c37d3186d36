// Draws what the tables of the page say; without this file the tables are all there is to read.
(() => {
  "use strict";
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 45rem)");
  const ROW = 34;
  const charts = [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => value.toLocaleString("fr-FR", { maximumFractionDigits: 1 });

  function series(table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const rows = Array.from(table.tBodies[0].rows);
    const chosen = heads.map((cell, at) => ({ at, label: cell.textContent.trim(), series: cell.dataset.series })).filter((one) => one.series)
      .map((one) => ({ ...one, kind: one.series.split(" ")[0], shade: one.series.split(" ")[1] }));
    const values = ({ at }) => rows.map((row) => { const text = row.cells[at].dataset.value; return text === undefined ? null : Number(text); });
    return { labels: rows.map((row) => row.cells[0].textContent.trim()), lines: chosen.map((one) => ({ ...one, data: values(one) })) };
  }

  function dataset({ label, kind, data, shade: at }, across) {
    const shade = colour(`--chart-${at}`);
    const line = kind === "line" && !across;
    const dots = { pointRadius: data.length > 40 ? 0 : 3, pointStyle: "rectRot", borderWidth: 2, tension: 0 };
    return { type: line ? "line" : "bar", label: line ? `${label} (échelle de droite)` : label, yAxisID: line ? "right" : undefined, data, backgroundColor: shade, borderColor: shade, order: line ? 0 : 1, ...(line ? dots : { borderWidth: 0 }) };
  }

  function axes(across, unit, twice) {
    const ink = { color: colour("--muted"), font: { size: 12 } };
    const counted = { beginAtZero: true, ticks: { ...ink, precision: unit === "days" ? 1 : 0, callback: (value) => number(value) }, grid: { color: colour("--line") }, border: { display: false } };
    const named = { ticks: { ...ink, autoSkip: !across, maxRotation: 45 }, grid: { display: false }, border: { color: colour("--line-strong") } };
    if (across && narrow.matches) named.ticks.callback = function shortened(value) { const text = this.getLabelForValue(value); return text.length > 18 ? `${text.slice(0, 17)}…` : text; };
    const right = { ...counted, position: "right", grid: { drawOnChartArea: false } };
    return across ? { x: counted, y: named } : { x: named, y: counted, ...(twice ? { right } : {}) };
  }

  function draw(figure) {
    const table = document.getElementById(figure.dataset.table);
    const { labels, lines } = series(table);
    const across = "across" in figure.dataset;
    if (!labels.length || !lines.some((line) => line.data.some((value) => value !== null))) return;
    figure.hidden = false;
    if (across) figure.style.height = `${Math.max(240, labels.length * ROW * Math.max(1, lines.length / 2) + 90)}px`;
    charts.push(new Chart(figure.querySelector("canvas"), {
      type: "bar",
      data: { labels, datasets: lines.map((line) => dataset(line, across)) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: across ? "y" : "x",
        interaction: { mode: "index", axis: across ? "y" : "x", intersect: false },
        scales: axes(across, figure.dataset.chart, lines.some((line) => line.kind === "line")),
        plugins: {
          legend: { position: "top", align: "start", labels: { color: colour("--ink"), boxWidth: 14, boxHeight: 10, sort: (one, other) => one.datasetIndex - other.datasetIndex } },
          tooltip: { callbacks: { label: (item) => ` ${item.dataset.label} : ${number(item.raw)}${figure.dataset.chart === "days" ? " j" : ""}` } },
        },
      },
    }));
  }

  function drawAll() {
    charts.splice(0).forEach((chart) => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  if (typeof Chart === "undefined") return;
  drawAll();
  document.querySelectorAll("details[data-folds]").forEach((fold) => { fold.open = false; });
  scheme.addEventListener("change", drawAll);
})();
