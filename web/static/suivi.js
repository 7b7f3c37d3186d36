// Comfort only: every page works without this file. Shortcuts act outside fields, and can be switched off.
(() => {
  "use strict";
  const KEY = "suivi-raccourcis";
  const store = { get: () => { try { return localStorage.getItem(KEY); } catch { return null; } },
                  set: (value) => { try { localStorage.setItem(KEY, value); } catch { /* private mode */ } } };
  const active = () => store.get() !== "non";
  const rows = () => Array.from(document.querySelectorAll(".list tbody tr"));
  let here = -1;

  function go(step) {
    const all = rows();
    if (!all.length) return;
    if (here >= 0 && all[here]) all[here].classList.remove("is-here");
    here = Math.min(Math.max(here + step, 0), all.length - 1);
    all[here].classList.add("is-here");
    all[here].scrollIntoView({ block: "nearest" });
    const link = all[here].querySelector("a");
    if (link) link.focus({ preventScroll: true });
  }

  function tick() {
    const row = rows()[here];
    const box = row && row.querySelector("input[type=checkbox]");
    if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); }
  }

  const acts = {
    "/": () => { const field = document.getElementById("recherche"); if (field) { field.focus(); field.select(); } },
    "j": () => go(1),
    "k": () => go(-1),
    "x": tick,
    "?": () => { window.location.href = "/aide/raccourcis-clavier"; },
  };

  document.addEventListener("keydown", (event) => {
    if (!active() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : null;
    if (act) { event.preventDefault(); act(); }
  });

  // « Tout cocher / Tout décocher », and how many are ticked.
  function count() {
    const boxes = document.querySelectorAll(".list tbody input[type=checkbox][name=references]");
    const ticked = Array.from(boxes).filter((box) => box.checked).length;
    for (const place of document.querySelectorAll("[data-ticked]")) {
      place.textContent = ticked === 0 ? "" : ticked === 1 ? "1 sélectionnée" : `${ticked} sélectionnées`;
    }
    for (const box of document.querySelectorAll("[data-tick-all]")) {
      box.checked = boxes.length > 0 && ticked === boxes.length;
      box.indeterminate = ticked > 0 && ticked < boxes.length;
    }
  }
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-tick]");
    if (!button) return;
    for (const box of document.querySelectorAll(".list tbody input[type=checkbox][name=references]")) box.checked = button.dataset.tick === "all";
    count();
  });
  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement) || event.target.type !== "checkbox") return;
    if (event.target.matches("[data-tick-all]")) {
      for (const box of document.querySelectorAll(".list tbody input[type=checkbox][name=references]")) box.checked = event.target.checked;
    }
    count();
  });
  for (const hidden of document.querySelectorAll("[data-needs-js]")) hidden.hidden = false;
  count();

  for (const button of document.querySelectorAll("[data-shortcuts-switch]")) {
    const show = () => { button.textContent = active() ? button.dataset.on : button.dataset.off; };
    button.hidden = false;
    button.addEventListener("click", () => { store.set(active() ? "non" : "oui"); show(); });
    show();
  }

  // A second click on the same button sends nothing twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent && !form.target) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  window.addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
})();
