// The field as an app: its service worker, the day's pages on the phone, the outbox that empties itself, and signing out.
import "./outbox-core.js";
import { show } from "../../js/toast.js";
import { announce, fill } from "../../js/words.js";
import { me } from "./store.js";

const box = self.HuyingOutbox, words = document.getElementById("work")?.dataset || {};
const DAY_EVERY_MS = 5 * 60e3, SOON_MS = 2e3;
let timer = 0, asked = 0, stale = 0;

// --- sending, seen by the person -------------------------------------------------------------------------

/** Send by a request that tells its progress: `on(share)` from 0 to 1. */
const byRequest = (on) => (record, csrf) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  let silence = 0;
  const body = box.bodyOf(record, csrf);
  const quiet = () => { clearTimeout(silence); silence = setTimeout(() => request.abort(), box.SILENCE_MS); };
  const lost = () => { clearTimeout(silence); resolve({ state: "waiting", lost: true }); };
  request.open("POST", record.url);
  for (const [name, value] of Object.entries(box.headersOf(record, "page", body))) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => { quiet(); if (event.lengthComputable) on(record.id, event.loaded / event.total); });
  request.addEventListener("load", () => {
    clearTimeout(silence);
    resolve(box.judged({ status: request.status, url: request.responseURL || record.url, type: request.getResponseHeader("Content-Type") || "", text: request.responseText }));
  });
  for (const trouble of ["error", "abort", "timeout"]) request.addEventListener(trouble, lost);
  quiet();
  request.send(body);
});

const progress = (id, share) => document.dispatchEvent(new CustomEvent("outbox-progress", { detail: { id, share } }));

/** Ask the system to send when the network is back, also when the page is gone by then. */
async function later() {
  try { await (await navigator.serviceWorker.ready).sync.register("outbox"); } catch { /* Not every browser has it: the timer below does it. */ }
}

/** Send what waits for this person; then say when the next try is. */
export async function sendWaiting({ now = false } = {}) {
  clearTimeout(timer);
  let result = {};
  try { result = await box.sync({ send: byRequest(progress), now }); } catch { return { lost: true }; }
  const open = (await box.all(me())).filter(({ state }) => state === "waiting" || state === "sending");
  if (open.length) {
    if (!result.signedOut) later();
    const soonest = Math.min(...open.map(({ next_at: at }) => at));
    timer = setTimeout(() => sendWaiting(), Math.max(SOON_MS, result.signedOut ? DAY_EVERY_MS : soonest - Date.now()));
  }
  return result;
}

/** One direct try for a form that this browser can't keep. */
export const sendUnkept = (record, csrf) => byRequest(progress)(record, csrf);

// --- the count on every page -----------------------------------------------------------------------------

async function count() {
  const bar = document.getElementById("outbox");
  if (!bar) return;
  const records = await box.all(me()).catch(() => []);
  const waiting = records.filter(({ state }) => state === "waiting" || state === "sending").length;
  const asks = records.filter(({ state }) => state === "conflict" || state === "refused").length;
  const said = [waiting && fill(bar.dataset.waiting, waiting), asks && fill(bar.dataset.asks, asks)].filter(Boolean).join(" · ");
  bar.hidden = !said;
  bar.classList.toggle("outbox--asks", asks > 0);
  const place = bar.querySelector("[data-outbox-words]");
  if (place.textContent !== said) place.textContent = said;
  // What was signed for on this phone may be done on this phone, before the server has heard of it.
  for (const part of document.querySelectorAll("[data-after-take-up]")) {
    part.hidden = !records.some((record) => record.kind === "take_up" && record.subject === part.dataset.afterTakeUp && record.state !== "done");
  }
}

const seen = new Map();
async function news() {
  await count();
  for (const record of await box.all(me()).catch(() => [])) {
    const before = seen.get(record.id);
    seen.set(record.id, record.state);
    if (!before || before === record.state || document.hidden) continue;
    if (record.state === "done") { clearTimeout(stale); stale = setTimeout(() => fetchDay(true), SOON_MS); }
    // The outbox shows it anyway, and the page of the form itself says what became of it.
    if (document.querySelector("[data-outbox-page]")) continue;
    if (document.querySelector(`form[data-sending-id="${record.id}"]`)) continue;
    if (record.state === "done") { show(fill(words.sent, record.title), "success"); announce(fill(words.sent, record.title)); document.querySelector("[data-tasks]")?.dispatchEvent(new Event("refresh")); }
    if (record.state === "conflict") show(words.conflicted, "warning");
  }
}

box.news?.addEventListener("message", news);
document.addEventListener("outbox-changed", news);

// --- the day on the phone --------------------------------------------------------------------------------

function fetchDay(again = false) {
  if (!again && Date.now() - asked < DAY_EVERY_MS) return;
  asked = Date.now();
  navigator.serviceWorker?.ready.then((registration) => registration.active.postMessage("day")).catch(() => {});
}

function offlineLine() {
  const line = document.querySelector("[data-offline-line]"), since = Number(document.documentElement.dataset.offlineSince);
  if (!line || !since) return;
  const at = new Date(since), today = at.toDateString() === new Date().toDateString();
  const time = at.toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" });
  line.textContent = fill(line.dataset.words, today ? time : `${at.toLocaleDateString("sv-SE").slice(5)} ${time}`);
  line.hidden = false;
}

/** The service worker has thrown away this person's pages, and keeps none that are still on their way. */
async function forgotten() {
  const worker = (await navigator.serviceWorker?.getRegistration(words.scope))?.active, { port1, port2 } = new MessageChannel();
  if (!worker) return;
  worker.postMessage("signing out", [port2]);
  await new Promise((resolve) => { port1.onmessage = resolve; setTimeout(resolve, SOON_MS); });
}

// Signing out takes the pages of this person from the phone; what has not been sent stays for their return.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form.getAttribute("action") || "").startsWith("/accounts/logout/") || form.dataset.ready !== undefined) return;
  event.preventDefault();
  const open = (await box.all(me()).catch(() => [])).filter(({ state }) => state !== "done").length;
  if (open && !window.confirm(fill(words.leaving, open))) return;
  await forgotten().catch(() => {});
  form.dataset.ready = "";
  form.requestSubmit();
});

document.addEventListener("day-kept", ({ detail }) => {
  const line = document.querySelector("[data-day-kept]");
  if (!line || !detail.complete) return;
  line.textContent = fill(line.dataset.words, new Date(detail.at).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" }));
  line.hidden = false;
});

if (me()) {
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register(words.worker, { scope: words.scope }).then(() => fetchDay(true)).catch(() => {});
    navigator.serviceWorker.addEventListener("message", ({ data }) => { if (data.day) document.dispatchEvent(new CustomEvent("day-kept", { detail: data.day })); });
  }
  offlineLine();
  box.prune(me()).then(async () => { for (const record of await box.all(me())) seen.set(record.id, record.state); }).then(count)
    .then(() => sendWaiting({ now: true })).catch(() => {});
  window.addEventListener("online", () => { sendWaiting({ now: true }); fetchDay(true); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { sendWaiting(); fetchDay(); } });
  // Safari keeps a page that was left: its form has been sent already.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
}
