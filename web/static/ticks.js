// Comfort only: the ticks of a list stay from page to page of it. Kept for this tab: references, and nothing else.
(() => {
  "use strict";
  const KEY = "suivi-coches", CHOSEN = "suivi-coches-choisies", CONFIRMED = "suivi-coches-confirmees";
  const MOST = 5000;
  const number = new Intl.NumberFormat("fr-FR");
  const kept = new Map();
  const store = {
    get: (key) => { try { return sessionStorage.getItem(key); } catch { return kept.get(key) ?? null; } },
    set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { kept.set(key, value); } },
    drop: (key) => { try { sessionStorage.removeItem(key); } catch { kept.delete(key); } },
  };

  // An operation begun with what was ticked: the ticks have served.
  function served() {
    const list = store.get(CHOSEN);
    if (list !== null && store.get(CONFIRMED) !== null) store.drop(list);
    store.drop(CHOSEN);
    store.drop(CONFIRMED);
  }

  // The page that asks for a confirmation can be come back to: its address shows the choice again, nothing is resent.
  const confirmation = document.querySelector("form[data-confirms]");
  if (confirmation) {
    if (confirmation.dataset.again) history.replaceState(null, "", confirmation.dataset.again);
    confirmation.addEventListener("submit", (event) => {
      if (!event.submitter || event.submitter.name !== "preview") store.set(CONFIRMED, "1");
    });
  }
  if (document.querySelector("[data-operation]")) served();

  const bar = document.getElementById("selection");
  if (!bar) return;
  const list = `${KEY}-${bar.dataset.ticks}`;
  const boxes = Array.from(document.querySelectorAll(".list tbody input[type=checkbox][name=references]"));
  const here = new Set(boxes.map((box) => box.value));
  const scope = (value) => bar.querySelector(`input[type=radio][name=scope][value=${value}]`);
  const sent = document.createElement("input");
  let ticked = new Set();

  const elsewhere = () => Array.from(ticked).filter((reference) => !here.has(reference));
  const counted = (n) => n === 0 ? "Aucune sélectionnée" : n === 1 ? "1 sélectionnée" : `${number.format(n)} sélectionnées`;
  const many = (n, one, several) => `${number.format(n)} ${n < 2 ? one : several}`;

  function show() {
    const others = elsewhere().length, whole = scope("filter"), line = bar.querySelector("[data-elsewhere]");
    for (const place of document.querySelectorAll("[data-ticked]")) place.textContent = counted(ticked.size);
    line.hidden = others === 0;
    line.querySelector("[data-elsewhere-said]").textContent =
      `${many(ticked.size, "cochée", "cochées")}, dont ${many(others, "sur une autre page", "sur d’autres pages")}` +
      (ticked.size < MOST ? "" : "\u00a0; on n’en coche pas davantage");
    bar.classList.toggle("is-idle", ticked.size === 0 && !(whole && whole.checked));
  }

  function keep() {
    for (const box of boxes) {
      if (!box.checked) ticked.delete(box.value);
      else if (ticked.size < MOST || ticked.has(box.value)) ticked.add(box.value);
      else box.checked = false;
    }
    if (ticked.size) store.set(list, Array.from(ticked).join(" ")); else store.drop(list);
    show();
  }

  // A list that fits on one page shows all that may be ticked: what is no longer there is ticked no longer.
  function restore(first) {
    store.drop(CONFIRMED);
    const before = (store.get(list) ?? "").split(" ").filter(Boolean);
    ticked = new Set("whole" in bar.dataset ? before.filter((reference) => here.has(reference)) : before);
    for (const box of boxes) box.checked = ticked.has(box.value) || (first && box.defaultChecked);
    keep();
  }

  function tickAll(all) {
    for (const box of boxes) box.checked = all;
    if (!all) ticked.clear();
    keep();
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("[data-tick]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (scope("page")) scope("page").checked = true;
    tickAll(link.dataset.tick === "all");
  });
  document.addEventListener("change", (event) => {
    const changed = event.target;
    if (!(changed instanceof HTMLInputElement)) return;
    if (changed.name === "scope" && changed.value === "filter") tickAll(true);
    if (changed.name === "references" && !changed.checked && scope("page")) scope("page").checked = true;
    if (changed.name === "references") keep();
    if (changed.name === "scope") show();
  });

  // The others go along in one field, so that a form never has too many.
  sent.type = "hidden";
  bar.addEventListener("submit", () => {
    const whole = scope("filter"), others = whole && whole.checked ? [] : elsewhere();
    sent.name = others.length ? "references" : "";
    sent.value = others.join(" ");
    store.set(CHOSEN, list);
  });
  bar.append(sent);

  window.addEventListener("pageshow", () => restore(false));
  restore(true);
})();
