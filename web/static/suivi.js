// Comfort only: every page works without this file. Shortcuts act outside fields, and can be switched off.
(() => {
  "use strict";
  const KEY = "suivi-raccourcis";
  const store = { get: () => { try { return localStorage.getItem(KEY); } catch { return null; } },
                  set: (value) => { try { localStorage.setItem(KEY, value); } catch { /* private mode */ } } };
  const active = () => store.get() !== "non";
  const rows = () => Array.from(document.querySelectorAll(".list tbody tr:not(.unfolded)"));
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
    "?": () => { const page = document.querySelector("a[data-shortcuts-page]"); if (page) page.click(); },
  };

  document.addEventListener("keydown", (event) => {
    if (!active() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : null;
    if (act) { event.preventDefault(); act(); }
  });

  // Escape empties the search box, then leaves it.
  const search = document.getElementById("recherche");
  if (search) search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    if (search.value) search.value = ""; else search.blur();
  });

  // What was ticked in the lists stays with who ticked it: nothing of it once he is logged out.
  if (!document.querySelector("form.logout")) {
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith("suivi-coches")) sessionStorage.removeItem(key);
    } catch { /* no storage, nothing kept */ }
  }

  for (const hidden of document.querySelectorAll("[data-needs-js]")) hidden.hidden = false;

  for (const button of document.querySelectorAll("[data-shortcuts-switch]")) {
    const show = () => { button.textContent = active() ? button.dataset.on : button.dataset.off; };
    button.hidden = false;
    button.addEventListener("click", () => { store.set(active() ? "non" : "oui"); show(); });
    show();
  }

  // The numbers beside the sections, anew every minute while the page is in sight, and when it is looked at again.
  const EVERY = 60000;
  const AT_ONCE = 10000;
  const tabs = () => document.querySelector(".tabs[data-counts]");
  let counted = Date.now();
  let counting = 0;

  function entitle(before, after) {
    document.title = document.title.replace(`(${before})`, () => `(${after})`);
    const heading = document.querySelector(".h1-count");
    if (heading && heading.textContent === before) heading.textContent = after;
  }

  function show(counts) {
    for (const place of tabs().querySelectorAll("[data-count]")) {
      const before = place.textContent;
      const after = counts[place.dataset.count];
      if (after === undefined || after === before) continue;
      place.textContent = after;
      if (place.closest("[aria-current]")) entitle(before, after);
    }
  }

  async function recount(least) {
    if (document.hidden || !tabs() || Date.now() - counted < least) return;
    counted = Date.now();
    try {
      const answer = await fetch(tabs().dataset.counts, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") stop();
      else if (answer.ok) show(await answer.json());
    } catch { /* away: the next time says more */ }
  }

  // Logged out: there is nothing more to count here.
  function stop() {
    clearInterval(counting);
    document.removeEventListener("visibilitychange", again);
    window.removeEventListener("focus", again);
  }

  const again = () => recount(AT_ONCE);
  if (tabs()) {
    counting = setInterval(recount, EVERY, 0);
    document.addEventListener("visibilitychange", again);
    window.addEventListener("focus", again);
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
