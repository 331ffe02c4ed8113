// Lists by keyboard: j k move, Enter opens, x selects, other letters press [data-key] of the row or the bulk bar; columns are remembered.
import { announce, fill, words } from "./words.js";

const rows = () => [...document.querySelectorAll("[data-list] tbody tr[data-url], [data-list] [data-row]")];
const here = () => document.querySelector("[data-list] .is-here");
const wide = window.matchMedia("(min-width: 1200px)");

function move(step) {
  const all = rows(), at = all.indexOf(here());
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  if (next) stand(next);
}

export function stand(row) {
  here()?.classList.remove("is-here");
  row.classList.add("is-here");
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  preview(row);
}

// Beside the list, when there is room and the page has a detail pane. Until the new case stands there, the one before
// can't be acted on: neither by the mouse (inert) nor by a key (`press` waits).
let wanted = null, loading = Promise.resolve(), turn = 0;

document.addEventListener("htmx:afterSettle", (event) => {
  if (!wanted || event.detail.requestConfig?.headers["X-Turn"] !== wanted.turn) return;
  wanted.pane.inert = false;
  wanted.done();
  wanted = null;
});

function preview(row) {
  const target = row.closest("[data-list]").dataset.detail, pane = target && document.querySelector(target);
  if (!pane || !wide.matches) return false;
  document.querySelectorAll('[data-list] [aria-current="true"]').forEach((other) => other.removeAttribute("aria-current"));
  row.setAttribute("aria-current", "true");
  if (wanted?.pane === pane && wanted.url === row.dataset.url) return true; // already on its way
  pane.inert = true;
  loading = new Promise((done) => { wanted = { pane, url: row.dataset.url, turn: String(turn += 1), done }; });
  window.htmx.ajax("GET", row.dataset.url, { target, swap: "innerHTML", headers: { "X-Turn": wanted.turn } });
  return true;
}

async function press(key) {
  const row = here();
  await loading;
  if (row !== here()) return;
  const button = row?.querySelector(`[data-key="${key}"]`) || document.querySelector(`[data-bulk]:not([hidden]) [data-key="${key}"], [data-detail-pane] [data-key="${key}"], [data-keys] [data-key="${key}"]`);
  button?.click();
}

function select(row) {
  const box = row.querySelector('input[name="selected"]');
  if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); }
}

function count(list) {
  const boxes = [...list.querySelectorAll('input[name="selected"]')], chosen = boxes.filter((box) => box.checked);
  boxes.forEach((box) => box.closest("tr")?.setAttribute("aria-selected", String(box.checked)));
  const bar = list.querySelector("[data-bulk]"), all = list.querySelector("[data-select-all]");
  if (bar) {
    bar.hidden = !chosen.length;
    bar.querySelector("[data-bulk-count]").textContent = fill(words.chosen, chosen.length);
  }
  if (all) { all.checked = boxes.length > 0 && chosen.length === boxes.length; all.indeterminate = chosen.length > 0 && !all.checked; }
  if (chosen.length) announce(fill(words.chosen, chosen.length));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
  const row = here(), key = event.key;
  if (key === "/") document.querySelector("[data-search]")?.focus();
  else if (key === "?") document.getElementById("keys")?.showModal();
  else if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "x" && row) select(row);
  else if (key === "Enter" && row && event.target === row) window.location.assign(row.dataset.url);
  else if (/^[a-z]$/.test(key)) press(key);
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-list] [data-url]");
  if (!row || event.target.closest("a, button, input, label, summary") || window.getSelection().toString()) return;
  here()?.classList.remove("is-here");
  row.classList.add("is-here");
  if (!preview(row)) window.location.assign(row.dataset.url);
});

document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-list]");
  if (!list) return;
  if (event.target.matches("[data-select-all]")) {
    list.querySelectorAll('input[name="selected"]').forEach((box) => { box.checked = event.target.checked; });
    count(list);
  } else if (event.target.matches('input[name="selected"]')) count(list);
  else if (event.target.matches("[data-column-choice]")) { keep(list); columns(list); }
});

// Column choice, per list, on this device. The export takes the same columns.
const key = (list) => `huying-columns:${list.dataset.list}`;
const choices = (list) => [...list.querySelectorAll("[data-column-choice]")];

function keep(list) {
  localStorage.setItem(key(list), JSON.stringify(choices(list).filter((box) => !box.checked).map((box) => box.value)));
}

function columns(list) {
  if (!choices(list).length) return;
  let hidden = choices(list).filter((box) => box.dataset.off !== undefined).map((box) => box.value);
  try { hidden = JSON.parse(localStorage.getItem(key(list))) || hidden; } catch { /* Unreadable: as the list was declared. */ }
  choices(list).forEach((box) => { box.checked = !hidden.includes(box.value); });
  list.querySelectorAll("[data-column]").forEach((cell) => { cell.hidden = hidden.includes(cell.dataset.column); });
  for (const link of list.querySelectorAll("[data-export]")) {
    const url = new URL(link.href);
    if (hidden.length) url.searchParams.set("hide", hidden.join(",")); else url.searchParams.delete("hide");
    link.href = url.toString();
  }
}

// Filters that are not set stay out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches(".filters")) return;
  for (const [name, value] of [...event.detail.formData]) if (value === "") event.detail.formData.delete(name);
});

// Leaving a search field that has been searched already would load the same list again and lose one's place in it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { pathInfo, requestConfig } = event.detail;
  const same = pathInfo?.finalRequestPath === window.location.pathname + window.location.search;
  if (event.target.matches(".filters") && same && requestConfig.triggeringEvent?.type !== "submit") event.preventDefault();
});

function start() {
  document.querySelectorAll("[data-list]").forEach((list) => { columns(list); count(list); });
}
document.addEventListener("htmx:afterSwap", start);
start();
