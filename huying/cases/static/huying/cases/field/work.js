// The field's forms: photos with watermark, everything kept on the phone, handed to the outbox, which sends it once.
// A form takes part by `data-outbox`; docs/field-offline.md says how.
import "./outbox-core.js";
import { show } from "../../js/toast.js";
import { announce } from "../../js/words.js";
import { sendUnkept, sendWaiting } from "./app.js";
import { allowed, header, whereAmI } from "./position.js";
import { signature } from "./signature.js";
import { get, me, put, remove } from "./store.js";
import { marked } from "./watermark.js";

const outbox = self.HuyingOutbox, words = document.getElementById("work")?.dataset || {};
// Who has waited so long goes on with the next task; it is sent in the background.
const SLOW_MS = 15e3;
const fill = (text, value) => text.replace(/%[sd]/, String(value));
const token = () => document.querySelector('[name="csrfmiddlewaretoken"]')?.value || "";

/** Ask once that the phone does not clear away what is kept. */
let asked = false;
const persist = () => { if (!asked) { asked = true; navigator.storage?.persist?.().catch(() => {}); } };

// --- one form --------------------------------------------------------------------------------------------

function work(form) {
  const subject = form.dataset.outboxSubject, kind = form.dataset.outbox;
  // One draft for each form; a short form of a list (sign for it) needs none.
  const name = `${kind}-${subject || form.dataset.outboxDraft || new URL(form.action).pathname}`, photos = {};
  let timer = 0, busy = false, touched = false;
  if (!form.elements.client_id) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "client_id" }));
  const field = (key) => form.elements[key];
  // Made on the phone: the page may be an old copy, and its own id would be used twice.
  field("client_id").value = outbox.uuid();
  const fields = () => [...new FormData(form)].filter(([key, value]) => typeof value === "string" && key !== "csrfmiddlewaretoken" && !key.endsWith("_kept"));
  const draft = () => ({ name, fields: fields(), photos, at: Date.now() });
  const keep = () => put(draft()).then(() => true, () => false);
  const record = () => {
    const id = field("client_id").value;
    return {
      id, user: me(), kind, title: form.dataset.outboxTitle || document.title, subject: subject || id, url: form.action,
      page: window.location.href.split("#")[0], fields: fields(), photos, mine: answers(form), at: Date.now(),
    };
  };
  // Only what the worker did is worth keeping, not the place that the page found by itself.
  const later = (event) => {
    touched ||= !event || event.isTrusted;
    clearTimeout(timer);
    if (touched) timer = setTimeout(keep, 300);
  };

  function draw(box) {
    const key = box.dataset.shots, list = box.querySelector("[data-shot-list]");
    list.querySelectorAll("[data-shot], [data-kept]").forEach((item) => item.remove());
    for (const photo of photos[key] || []) {
      const item = document.createElement("li"), picture = document.createElement("img"), away = document.createElement("button");
      item.dataset.shot = "";
      picture.src = URL.createObjectURL(photo.blob);
      picture.alt = photo.at;
      picture.onload = () => URL.revokeObjectURL(picture.src);
      away.type = "button";
      away.textContent = "✕";
      away.setAttribute("aria-label", words.photoRemove);
      away.addEventListener("click", () => { photos[key].splice(photos[key].indexOf(photo), 1); draw(box); keep(); });
      item.append(picture, away);
      list.append(item);
    }
  }

  async function add(box, files) {
    const key = box.dataset.shots, note = box.querySelector("[data-shot-note]"), max = Number(box.dataset.max) || 6;
    photos[key] ||= [];
    touched = true;
    for (const file of files) {
      if (photos[key].length >= max) { note.textContent = fill(words.photoMany, max); break; }
      note.textContent = words.photoMaking;
      try { photos[key].push(await marked(file, box, words)); note.textContent = ""; } catch { note.textContent = words.photoBad; }
      draw(box);
      if (!await keep()) note.textContent = words.full;
    }
    persist();
  }

  function bind() {
    for (const box of form.querySelectorAll("[data-shots]")) {
      box.querySelector("[data-album]").hidden = false;
      for (const input of box.querySelectorAll('input[type="file"]')) {
        input.addEventListener("change", () => { const files = [...input.files]; input.value = ""; add(box, files); });
      }
      if (photos[box.dataset.shots]) draw(box);
    }
    for (const pad of form.querySelectorAll("[data-signature]")) {
      const key = pad.dataset.signature;
      signature(pad, photos[key]?.[0], (shot) => { touched = true; if (shot) photos[key] = [shot]; else delete photos[key]; keep(); });
    }
    for (const row of form.querySelectorAll("[data-phrases]")) {
      row.hidden = false;
      row.addEventListener("click", (event) => {
        const chip = event.target.closest("button"), target = document.getElementById(row.dataset.phrases);
        if (!chip || !target) return;
        target.value = target.value.includes(chip.textContent) ? target.value : target.value + chip.textContent;
        later();
      });
    }
    conditions(form);
    form.querySelector("[data-error-summary]")?.focus();
  }

  function restore(saved) {
    touched = true;
    for (const [key, list] of Object.entries(saved.photos)) photos[key] = list;
    const values = new Map();
    for (const [key, value] of saved.fields) values.set(key, [...(values.get(key) || []), value]);
    for (const input of form.elements) {
      if (!input.name || input.type === "file" || input.name === "csrfmiddlewaretoken" || !values.has(input.name)) continue;
      if (input.type === "radio" || input.type === "checkbox") input.checked = values.get(input.name).includes(input.value);
      else input.value = values.get(input.name)[0];
      if (input.name === "lng") input.dispatchEvent(new Event("huying:restored"));
    }
    form.dispatchEvent(new CustomEvent("work-restored", { detail: Object.fromEntries(saved.fields) }));
  }

  function offerFresh() {
    const toast = show(words.restored), button = document.createElement("button");
    button.type = "button";
    button.textContent = words.fresh;
    button.addEventListener("click", async () => { await remove(name); window.location.reload(); });
    toast.insertBefore(button, toast.lastChild);
  }

  /** The server's page with its errors takes the place of the form; photos and words stay. */
  function mend(html) {
    const page = new DOMParser().parseFromString(html, "text/html"), id = field("client_id").value;
    const mended = [...page.querySelectorAll("form[data-outbox]")].find((other) => other.getAttribute("action") === form.getAttribute("action"));
    if (!mended) {
      show(fill(words.refused, page.querySelector("main p, main h1")?.textContent.trim() || ""), "error");
      return;
    }
    form.innerHTML = mended.innerHTML;
    field("client_id").value = id;
    form.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true }));
    bind();
    form.dispatchEvent(new CustomEvent("work-mended"));
  }

  /** An empty form in place: without a network the page can't be asked for again. */
  function begin() {
    for (const key of Object.keys(photos)) delete photos[key];
    form.reset();
    field("client_id").value = outbox.uuid();
    touched = false;
    form.hidden = false;
    form.querySelectorAll("[data-shots]").forEach(draw);
    form.dispatchEvent(new CustomEvent("work-fresh"));
  }

  /** It lies in the outbox: say so, and what to do next. */
  async function waits() {
    form.hidden = true;
    document.querySelectorAll("#toasts [data-toast]").forEach((toast) => toast.remove());
    const note = document.createElement("section"), title = document.createElement("h2"), text = document.createElement("p"), buttons = document.createElement("div");
    note.className = "sent sent--waits";
    note.dataset.waits = "";
    note.tabIndex = -1;
    title.textContent = words.lost;
    text.textContent = words.lostText;
    buttons.className = "task-verbs";
    if (form.dataset.many !== undefined) {
      const next = Object.assign(document.createElement("button"), { type: "button", className: "button button--strong button--wide thumb thumb--tall", textContent: words.another });
      next.addEventListener("click", () => { note.remove(); begin(); });
      buttons.append(next);
    }
    for (const [href, label] of [[words.outboxUrl, words.seeOutbox], [words.homeUrl, words.home]]) buttons.append(Object.assign(document.createElement("a"), { className: "button button--wide thumb", href, textContent: label }));
    note.append(title, text, buttons);
    // Not form.after(): a photo box may be named "after".
    form.insertAdjacentElement("afterend", note);
    announce(words.lost);
    note.focus({ preventScroll: true });
    note.scrollIntoView({ block: "nearest" });
  }

  /** Into the outbox first, then out of it: whatever breaks in between, it is there. */
  async function handOver(made) {
    try {
      await outbox.enqueue(made);
    } catch (error) {
      show(error?.name === "QuotaExceededError" ? words.full : words.notKept, "error");
      return { ...await sendUnkept(made, token()), unkept: true };
    }
    await remove(name).catch(() => {});
    const result = await sendWaiting({ now: true });
    return { ...(await outbox.get(made.id)) || { state: "waiting" }, signIn: result.signedOut };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    persist();
    const label = form.querySelector("[data-send]") || form.querySelector("button:not([type=button])"), before = label?.textContent;
    const made = record(), part = ({ detail }) => { if (label && detail.id === made.id) label.textContent = fill(words.sendingPart, Math.round(detail.share * 100)); };
    if (form.querySelector("[data-send]")) label.textContent = words.sending;
    form.dataset.sendingId = made.id;
    document.addEventListener("outbox-progress", part);
    const slow = new Promise((resolve) => { setTimeout(() => resolve({ state: "waiting" }), SLOW_MS); });
    const answer = await Promise.race([handOver(made), slow]);
    document.removeEventListener("outbox-progress", part);
    delete form.dataset.sendingId;
    busy = false;
    const still = form.querySelector("[data-send]");
    if (still) still.textContent = before;
    if (answer.state === "done") window.location.assign(answer.url);
    else if (answer.state === "refused") {
      if (!answer.unkept) { await keep(); await outbox.remove(made.id); }
      mend(answer.answer);
    } else if (answer.unkept) show(answer.said || words.notKept, "error");
    else if (answer.state === "conflict") window.location.assign(`${words.outboxUrl}#${made.id}`);
    else if (answer.signIn) { show(words.signIn, "error"); await waits(); } else await waits();
  });
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("place-picked", later);

  /** Opened from the outbox: what was refused, as it was filled in, with what the server said of it. */
  async function fromOutbox(id) {
    const saved = await outbox.get(id);
    if (!saved || saved.user !== me() || saved.url !== form.action) return false;
    restore(saved);
    field("client_id").value = id;
    bind();
    const page = new DOMParser().parseFromString(saved.answer || "", "text/html");
    const said = [...page.querySelectorAll(".error-summary li, .field__error")].map((item) => item.textContent.trim());
    show([...new Set(said)].join(" ") || saved.said || words.mend, "error");
    return true;
  }

  bind();
  (async () => {
    const id = window.location.hash.match(/^#outbox=([0-9a-f-]+)$/)?.[1];
    if (id && await fromOutbox(id)) return;
    const saved = await get(name);
    if (!saved || form.querySelector("[data-error-summary]")) return;
    // The page was closed between handing over and clearing the draft: it is in the outbox already.
    const over = await outbox.get(new Map(saved.fields).get("client_id") || "");
    if (over && over.state !== "refused") { await remove(name); return; }
    restore(saved);
    bind();
    offerFresh();
  })().catch(() => {});
}

/** [label, value] of everything that was filled in, as the person would read it. */
function answers(form) {
  const found = [];
  for (const input of form.elements) {
    if (!input.name || ["hidden", "file", "submit", "button"].includes(input.type) || input.closest("[hidden]")) continue;
    const choice = input.type === "radio" || input.type === "checkbox";
    if (choice && !input.checked) continue;
    const value = choice ? input.closest("label")?.textContent.trim() || input.value : input.selectedOptions ? input.selectedOptions[0]?.textContent.trim() : input.value.trim();
    const group = input.closest("fieldset, .field")?.querySelector("legend, .field__label, label");
    if (value) found.push([choice && input.name === "category" ? "" : group?.textContent.replace(/\s+/g, " ").trim() || "", input.dataset.words || value.replace(/\s+/g, " ")]);
  }
  return found;
}

// Fields and photo boxes that are asked only under a condition.
function conditions(form) {
  const follow = () => {
    for (const box of form.querySelectorAll("[data-show-field]")) box.hidden = new FormData(form).get(box.dataset.showField) !== box.dataset.showValue;
    for (const input of form.querySelectorAll("[data-when-field]")) {
      const prefix = input.name.slice(0, input.name.indexOf("-") + 1);
      input.closest(".field").hidden = new FormData(form).get(prefix + input.dataset.whenField) !== input.dataset.whenValue;
    }
  };
  if (form.dataset.conditions === undefined) { form.dataset.conditions = ""; form.addEventListener("change", follow); form.addEventListener("work-restored", follow); }
  follow();
}

// --- the list --------------------------------------------------------------------------------------------

async function list(tasks) {
  const note = document.querySelector("[data-position-note]"), button = document.querySelector("[data-refresh]");
  button.hidden = false;
  const refresh = () => window.htmx.trigger(tasks, "refresh");
  button.addEventListener("click", async () => { if (await allowed()) await whereAmI(); refresh(); });
  const asks = tasks.dataset.sort === "distance" || tasks.dataset.tab === "near";
  if (!asks && !(await allowed())) return;
  const before = note.innerHTML;
  if (asks) note.textContent = words.locating;
  const here = await whereAmI();
  if (here) { note.innerHTML = before; refresh(); } else if (asks) note.textContent = words.byDeadline;
}

// --- a finding -------------------------------------------------------------------------------------------

function finding(form) {
  const value = (name) => form.elements[name]?.value || "";
  let chosenItem = "", turn = 0;

  async function around() {
    if (!value("lng")) return;
    const mine = (turn += 1), query = new URLSearchParams({ ledger: value("ledger"), category: new FormData(form).get("category") || "", item: new FormData(form).get("item") || chosenItem });
    const answer = await fetch(`${form.dataset.around}?${query}`, { headers: { "X-Position": header({ lng: Number(value("lng")), lat: Number(value("lat")) }), "HX-Request": "true" } }).catch(() => null);
    if (answer?.ok && mine === turn) form.querySelector("#around").innerHTML = await answer.text();
  }

  async function named() {
    const answer = await fetch(`${form.dataset.at}?lng=${value("lng")}&lat=${value("lat")}`).catch(() => null);
    if (!answer?.ok) return;
    const place = await answer.json(), title = place.area?.title || "";
    form.querySelector("[data-here-words]").textContent = title || place.sentence;
    for (const box of form.querySelectorAll("[data-shots]")) box.dataset.place = title;
  }

  function picked() {
    const radio = form.querySelector('[name="category"]:checked'), line = form.querySelector("[data-category-picked]");
    line.hidden = !radio;
    if (!radio) return;
    line.querySelector("span").textContent = radio.dataset.words;
    form.querySelector("[data-categories]").hidden = true;
    line.querySelector("button").onclick = () => { line.hidden = true; form.querySelector("[data-categories]").hidden = false; };
    for (const open of form.querySelectorAll(".topics details[open]")) open.open = false;
    for (const other of form.querySelectorAll(".chip, .pick")) other.classList.toggle("is-picked", other.contains(radio));
  }

  async function locate() {
    const note = form.querySelector("[data-here-words]"), accuracy = form.querySelector("[data-here-accuracy]");
    if (value("lng")) return;
    note.textContent = words.locating;
    const here = await whereAmI();
    if (!here) { note.textContent = words.noPosition; return; }
    if (value("lng")) return;
    accuracy.textContent = fill(here.accuracy > 50 ? words.accuracyPoor : words.accuracy, here.accuracy);
    form.querySelector("[data-map]").dispatchEvent(new CustomEvent("place-set", { detail: here }));
  }

  function search() {
    const input = form.querySelector("[data-category-find]");
    input.hidden = false;
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      const asked = input.value.trim();
      for (const topic of form.querySelectorAll(".topics details")) {
        let any = false;
        for (const thing of topic.querySelectorAll(".thing")) {
          thing.hidden = asked !== "" && !thing.textContent.includes(asked) && !topic.querySelector("summary").textContent.includes(asked);
          any ||= !thing.hidden;
        }
        topic.hidden = !any;
        if (asked.length > 1 && any) topic.open = true;
      }
    });
  }

  form.addEventListener("change", (event) => { if (event.target.name === "category") { picked(); around(); } });
  form.addEventListener("place-picked", () => { named(); around(); });
  form.addEventListener("work-restored", (event) => { chosenItem = event.detail.item || ""; picked(); if (value("lng")) { named(); around(); } });
  form.addEventListener("work-fresh", () => {
    form.querySelector("[data-categories]").hidden = false;
    form.querySelector("#around").replaceChildren();
    chosenItem = form.elements.lng.value = form.elements.lat.value = "";
    picked();
    locate();
  });
  form.addEventListener("work-mended", () => { search(); picked(); named(); around(); });
  search();
  picked();
  if (value("lng")) { named(); around(); }
  // A little later, so that a kept form may bring its own place first.
  setTimeout(locate, 300);
}

const begun = new WeakSet();
function start(root) {
  for (const form of root.querySelectorAll("form[data-outbox]")) {
    if (begun.has(form)) continue;
    begun.add(form);
    work(form);
    if (form.dataset.report !== undefined) finding(form);
  }
}

start(document);
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
for (const tasks of document.querySelectorAll("[data-tasks]")) list(tasks);
if (window.location.hash === "#call") document.getElementById("call")?.setAttribute("open", "");
document.querySelectorAll('a[href="#call"]').forEach((link) => link.addEventListener("click", () => document.getElementById("call").setAttribute("open", "")));
