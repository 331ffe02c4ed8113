// The outbox page: what waits, what asks for a decision, what has gone today. All from the phone's own storage.
import "./outbox-core.js";
import { announce, fill } from "../../js/words.js";
import { sendWaiting } from "./app.js";
import { me } from "./store.js";

const box = self.HuyingOutbox, place = document.querySelector("[data-outbox-page]"), words = place.dataset;
const send = document.querySelector("[data-outbox-send]"), state = document.querySelector("[data-outbox-state]");
const shares = new Map(), pictures = new Map();

function node(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function clock(at) {
  const time = new Date(at), today = time.toDateString() === new Date().toDateString();
  const hours = time.toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" });
  return today ? hours : `${time.toLocaleDateString("sv-SE").slice(5)} ${hours}`;
}

const photosOf = (record) => Object.values(record.photos || {}).flat();

function picture(record, photo, index) {
  const key = `${record.id}/${index}`;
  if (!pictures.has(key)) pictures.set(key, URL.createObjectURL(photo.blob));
  return Object.assign(node("img"), { src: pictures.get(key), alt: photo.at, width: 90, height: 120 });
}

function shots(images) {
  const list = node("ul", "", "version__photos");
  for (const image of images) { const item = node("li"); item.append(image); list.append(item); }
  return list;
}

function mine(record) {
  const part = node("section", "", "version"), facts = node("dl");
  part.append(node("h4", words.mine), node("p", fill(words.made, clock(record.at)), "soft small"));
  for (const [label, value] of record.mine || []) facts.append(node("dt", label), node("dd", value));
  part.append(facts, shots(photosOf(record).map((photo, index) => picture(record, photo, index))));
  return part;
}

function theirs(record) {
  const part = node("section", "", "version"), now = record.theirs;
  part.append(node("h4", words.theirs));
  if (!now) { part.append(node("p", words.theirsUnknown)); return part; }
  part.append(node("p", now.status), node("p", [now.last, now.who, now.at].filter(Boolean).join(" · "), "soft small"));
  for (const text of new Set([now.words, now.answer])) if (text) part.append(node("p", text));
  part.append(shots((now.photos || []).map((src) => Object.assign(node("img"), { src, alt: words.theirs, width: 90, height: 120 }))));
  return part;
}

// --- decisions -------------------------------------------------------------------------------------------

function button(label, act, strong = false) {
  const made = node("button", label, `button thumb${strong ? " button--strong" : ""}`);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function link(label, href) {
  return Object.assign(node("a", label, "button thumb"), { href });
}

async function drop(record) {
  if (!window.confirm(words.dropSure)) return;
  await box.remove(record.id);
  await draw();
}

async function retry(record) {
  await box.change(record.id, { state: "waiting", tries: 0, next_at: 0, said: "", theirs: null });
  await go();
}

/** My words and photos become a note on the case; its id is made once, so two taps are one note. */
async function add(record) {
  const id = record.note_id || box.uuid();
  await box.change(record.id, { note_id: id });
  const said = (record.mine || []).map(([label, value]) => (label ? `${label}：${value}` : value)).join("；");
  await box.enqueue({
    id, user: record.user, kind: words.noteKind, title: `${words.added} · ${record.title}`, subject: id, url: new URL(record.theirs.note_url, window.location.href).href,
    page: record.page, fields: [["words", (said || record.title).slice(0, 1900)]], photos: { photos: photosOf(record) }, mine: record.mine, at: Date.now(),
  });
  // Only now that the note holds words and photos.
  await box.remove(record.id);
  await go();
}

/** The photos as files, where the case can't take them any more. */
function save(record) {
  photosOf(record).forEach((photo, index) => {
    const away = Object.assign(document.createElement("a"), { href: picture(record, photo, index).src, download: `${record.subject}-${index + 1}.jpg` });
    document.body.append(away);
    away.click();
    away.remove();
  });
}

function buttons(record) {
  const row = node("div", "", "waiting__buttons");
  if (record.state === "conflict") {
    if (record.theirs?.note_url && ((record.mine || []).length || photosOf(record).length)) row.append(button(words.add, () => add(record), true));
    row.append(button(words.retry, () => retry(record)));
    if (record.theirs?.url) row.append(link(words.see, record.theirs.url));
    else if (photosOf(record).length) row.append(button(words.save, () => save(record)));
  }
  if (record.state === "refused") row.append(link(words.edit, `${record.page}#outbox=${record.id}`), button(words.retry, () => retry(record)));
  if (record.state !== "sending") row.append(button(words.drop, () => drop(record)));
  return row;
}

// --- the page --------------------------------------------------------------------------------------------

const WORD = { waiting: "stateWaiting", sending: "stateSending", refused: "stateRefused", conflict: "stateConflict", done: "stateDone" };

function card(record, behind) {
  const item = node("li", "", `waiting__one waiting__one--${record.state}`), photos = photosOf(record).length;
  item.id = record.id;
  item.append(node("h3", record.title));
  if (record.state === "done") {
    item.append(node("p", `${words.stateDone} ${clock(record.done_at)} · ${record.words}`, "soft small"));
    if (record.url) item.append(link(words.see, record.url));
    return item;
  }
  const facts = [behind ? words.stateBehind : words[WORD[record.state]], fill(words.made, clock(record.at)), photos && fill(words.pictures, photos), record.tries && fill(words.tries, record.tries)];
  item.append(node("p", facts.filter(Boolean).join(" · "), "soft"));
  if (record.state === "sending") {
    const bar = Object.assign(node("progress"), { max: 1 });
    if (shares.has(record.id)) bar.value = shares.get(record.id);
    bar.setAttribute("aria-label", words.stateSending);
    item.append(bar);
  }
  const said = record.said || (record.state === "refused" ? refusal(record) : "");
  if (said) item.append(node("p", said, "waiting__said"));
  if (record.state === "conflict" || record.state === "refused") {
    const both = node("div", "", "versions");
    both.append(mine(record));
    if (record.state === "conflict") both.append(theirs(record));
    item.append(both);
  }
  item.append(buttons(record));
  return item;
}

function refusal(record) {
  const page = new DOMParser().parseFromString(record.answer || "", "text/html");
  const said = [...page.querySelectorAll(".error-summary li, .field__error")].map((one) => one.textContent.trim());
  return [...new Set(said)].join(" ") || page.querySelector("main p, main h1")?.textContent.trim() || "";
}

let drawing = Promise.resolve();
function draw() { drawing = drawing.then(drawNow).catch(() => {}); return drawing; }

async function drawNow() {
  const records = await box.all(me()), before = new Set(), behind = new Set();
  for (const record of records) {
    if (record.state === "done") continue;
    if (before.has(record.subject)) behind.add(record.id);
    before.add(record.subject);
  }
  const groups = [["conflicts", ["conflict"]], ["refused", ["refused"]], ["waiting", ["waiting", "sending"]], ["done", ["done"]]];
  const focused = document.activeElement?.closest?.(".waiting__one")?.id;
  place.replaceChildren();
  for (const [title, states] of groups) {
    const found = records.filter((record) => states.includes(record.state));
    if (!found.length) continue;
    if (title === "done") found.reverse();
    const list = node("ul", "", "waiting");
    found.forEach((record) => list.append(card(record, behind.has(record.id))));
    place.append(node("h2", `${words[title]}（${found.length}）`), list);
  }
  const open = records.filter((record) => ["waiting", "sending"].includes(record.state)).length;
  send.hidden = !open;
  if (!records.length) {
    const empty = node("div", "", "empty");
    empty.append(node("p", words.empty, "empty__title"), node("p", words.emptyText));
    place.append(empty);
  }
  if (focused) document.getElementById(focused)?.querySelector("button, a")?.focus({ preventScroll: true });
}

async function go() {
  state.textContent = words.sending;
  await draw();
  const result = await sendWaiting({ now: true });
  state.textContent = "";
  if (result.signedOut) {
    state.textContent = `${words.signIn} `;
    state.append(Object.assign(node("a", words.login), { href: words.loginUrl }));
  } else if (result.lost) state.textContent = words.offline;
  announce(state.textContent);
  await draw();
}

async function room() {
  const line = document.querySelector("[data-storage]"), kept = await navigator.storage?.persisted?.();
  line.textContent = kept ? line.dataset.persisted : line.dataset.notPersisted;
  const { quota = 0, usage = 0 } = await navigator.storage?.estimate?.() || {};
  if (quota && quota - usage < 50e6) line.textContent = fill(line.dataset.full, `${Math.round((quota - usage) / 1e6)} MB`);
}

box.news?.addEventListener("message", draw);
document.addEventListener("outbox-changed", draw);
document.addEventListener("outbox-progress", ({ detail }) => {
  shares.set(detail.id, detail.share);
  const bar = document.getElementById(detail.id)?.querySelector("progress");
  if (bar) bar.value = detail.share;
});
window.addEventListener("online", go);
send.addEventListener("click", go);
room().catch(() => {});
draw().then(go).then(() => { if (window.location.hash) document.getElementById(window.location.hash.slice(1))?.scrollIntoView(); });
