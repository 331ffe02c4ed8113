// What every page needs: ticking clocks, toasts, menus, dialogs, photo pairs, the state of the network.
import { announce, duration, fill, now, words } from "./words.js";
import { arm, show } from "./toast.js";
import "./draft.js";
import "./photos.js";

const ICONS = { "": "clock", blue: "bell", yellow: "alert", red: "overdue" };

function tick() {
  for (const badge of document.querySelectorAll(".clock[data-due]")) {
    const due = Number(badge.dataset.due), near = Number(badge.dataset.near) || Infinity, time = now();
    const text = fill(time > due ? words.over : words.left, duration(due - time));
    const word = badge.querySelector(".clock__word");
    if (word.textContent !== text) word.textContent = text;
    const supervised = badge.classList.contains("clock--yellow");
    const level = time > due ? "red" : supervised ? "yellow" : time >= near ? "blue" : "";
    if (level && !badge.classList.contains(`clock--${level}`)) {
      badge.className = `clock clock--${level}`;
      const use = badge.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${ICONS[level]}`));
    }
  }
}
setInterval(tick, 20000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });

// Menus close on a click elsewhere and on Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-dropdown][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const rail = event.target.closest("[data-rail]");
  if (rail) {
    const open = document.getElementById("rail").classList.toggle("is-open");
    rail.setAttribute("aria-expanded", String(open));
  }
  if (event.target.closest("[data-print]")) window.print();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-dropdown][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Before and after, one over the other.
function pairs(root) {
  for (const toggle of root.querySelectorAll("[data-compare-toggle][hidden]")) toggle.hidden = false;
}
document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-compare-toggle]");
  if (!toggle) return;
  const pair = toggle.closest("[data-photo-pair]");
  const over = pair.classList.toggle("photo-pair--over");
  pair.querySelector(".photo-pair__compare").hidden = !over;
  toggle.setAttribute("aria-pressed", String(over));
});
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-compare]")) return;
  event.target.closest("[data-photo-pair]").style.setProperty("--cut", `${event.target.value}%`);
});

// The network: said once when it goes and when it comes back.
function network() {
  for (const note of document.querySelectorAll("[data-net]")) note.hidden = navigator.onLine;
}
window.addEventListener("offline", () => { network(); show(words.offline, "warning"); });
window.addEventListener("online", () => {
  network();
  document.querySelectorAll(".toast--warning").forEach((toast) => toast.remove());
  show(words.online, "success");
});

document.addEventListener("htmx:afterSwap", (event) => { arm(); tick(); pairs(event.target); });
document.addEventListener("htmx:sendError", () => show(words.failed, "error"));
// Forms that come back with errors (422) are shown like any answer; other failures say what to do.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { status } = event.detail.xhr, forbidden = status === 403 && event.detail.xhr.getResponseHeader("HX-Retarget");
  if ([409, 422].includes(status) || forbidden) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:responseError", () => show(words.failed, "error"));
// The server may send {"announce": "..."} or {"toast": "..."} in HX-Trigger.
document.addEventListener("announce", (event) => announce(event.detail.value));
document.addEventListener("toast", (event) => show(event.detail.value, "success"));

document.querySelector("[data-error-summary]")?.focus();
network();
pairs(document);
arm();
