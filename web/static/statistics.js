// Draws what the tables of the page say; without this file the tables are all there is to read.
(() => {
  "use strict";
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 45rem)");
  const ROW = 34;
  const LINE = 18;
  const LONGEST = 24;
  const charts = [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => value.toLocaleString("fr-FR", { maximumFractionDigits: 1 });

  function series(table, group) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const rows = Array.from(table.tBodies[0].rows);
    const chosen = heads.map((cell, at) => ({ at, label: cell.textContent.trim(), series: cell.dataset.series })).filter((one) => one.series)
      .map((one) => { const [kind, shade, of = ""] = one.series.split(" "); return { ...one, kind, shade, of }; })
      .filter((one) => one.of === group);
    const values = ({ at }) => rows.map((row) => { const text = row.cells[at].dataset.value; return text === undefined ? null : Number(text); });
    return { labels: rows.map((row) => row.cells[0].textContent.trim()), lines: chosen.map((one) => ({ ...one, data: values(one) })) };
  }

  function dataset({ label, kind, data, shade: at }) {
    const shade = colour(`--chart-${at}`);
    const line = kind === "line";
    const dots = { pointRadius: data.length > 40 ? 0 : 3, pointStyle: "rectRot", borderWidth: 2, tension: 0 };
    return { type: line ? "line" : "bar", label, data, backgroundColor: shade, borderColor: shade, order: line ? 0 : 1, ...(line ? dots : { borderWidth: 0 }) };
  }

  // A long name on two lines, broken at the space nearest its middle; only what still does not fit is cut.
  function folded(text) {
    if (text.length <= LINE) return text;
    const spaces = Array.from(text.matchAll(/ /g), (found) => found.index);
    const longest = (at) => Math.max(at, text.length - at - 1);
    const at = spaces.length ? spaces.reduce((best, one) => (longest(one) < longest(best) ? one : best)) : text.length;
    return [text.slice(0, at), text.slice(at + 1)].filter(Boolean).map((line) => (line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line));
  }

  function axes(across, unit) {
    const ink = { color: colour("--muted"), font: { size: 12 } };
    const counted = { beginAtZero: true, ticks: { ...ink, precision: unit === "days" ? 1 : 0, callback: (value) => number(value) }, grid: { color: colour("--line") }, border: { display: false } };
    const named = { offset: true, ticks: { ...ink, autoSkip: !across, autoSkipPadding: 12, maxRotation: 0 }, grid: { display: false }, border: { color: colour("--line-strong") } };
    if (across && narrow.matches) named.ticks.callback = function shortened(value) { return folded(this.getLabelForValue(value)); };
    return across ? { x: counted, y: named } : { x: named, y: counted };
  }

  function draw(figure) {
    const table = document.getElementById(figure.dataset.table);
    const { labels, lines } = series(table, figure.dataset.group || "");
    const across = "across" in figure.dataset;
    if (!labels.length || !lines.some((line) => line.data.some((value) => value !== null))) return;
    figure.hidden = false;
    if (across) figure.style.height = `${Math.max(240, labels.length * ROW * Math.max(1, lines.length / 2) + 90)}px`;
    charts.push(new Chart(figure.querySelector("canvas"), {
      type: "bar",
      data: { labels, datasets: lines.map(dataset) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: across ? "y" : "x",
        interaction: { mode: "index", axis: across ? "y" : "x", intersect: false },
        scales: axes(across, figure.dataset.chart),
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
  const folds = Array.from(document.querySelectorAll("details[data-folds]"));
  folds.forEach((fold) => { fold.open = false; });
  scheme.addEventListener("change", drawAll);

  // Paper shows the tables as well, whatever is folded on the screen.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = folds.filter((fold) => !fold.open);
    opened.forEach((fold) => { fold.open = true; });
    charts.forEach((chart) => chart.resize());
  });
  window.addEventListener("afterprint", () => {
    opened.splice(0).forEach((fold) => { fold.open = false; });
    charts.forEach((chart) => chart.resize());
  });
})();
