// The field's forms: photos with watermark, everything kept on the phone until the server has it, sent again when the
// network is back. `client_id` makes a form that arrives twice one form.
import { show } from "../../js/toast.js";
import { announce } from "../../js/words.js";
import { allowed, header, whereAmI } from "./position.js";
import { get, put, remove, waiting } from "./store.js";
import { marked } from "./watermark.js";

const words = document.getElementById("work")?.dataset || {};
const fill = (text, value) => text.replace(/%[sd]/, String(value));
const token = () => document.querySelector('[name="csrfmiddlewaretoken"]')?.value || JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";

// --- sending ---------------------------------------------------------------------------------------------

function bodyOf(record) {
  const body = new FormData();
  for (const [name, value] of record.fields) body.append(name, value);
  body.set("csrfmiddlewaretoken", token());
  for (const [name, photos] of Object.entries(record.photos)) {
    photos.forEach((photo, place) => body.append(name, new File([photo.blob], `${name}-${place + 1}.jpg`, { type: "image/jpeg" })));
    body.append(`${name}_seen`, JSON.stringify(photos.map(({ at, lng, lat }) => ({ at, lng, lat }))));
  }
  return body;
}

/** {url} accepted; {page} the server wants something mended; {lost} no network; {signIn} the session is over. */
async function send(record) {
  let answer;
  try {
    answer = await fetch(record.url, { method: "POST", body: bodyOf(record), headers: { "X-Work": "1" }, credentials: "same-origin" });
  } catch { return { lost: true }; }
  if (answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/")) return { signIn: answer.url };
  if (answer.status >= 500) return { lost: true };
  if (answer.ok && answer.headers.get("Content-Type")?.includes("json")) return { url: (await answer.json()).url };
  return { page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

// --- one form --------------------------------------------------------------------------------------------

function work(form) {
  const name = form.dataset.work, photos = {};
  let timer = 0, busy = false, touched = false;
  const field = (key) => form.elements[key];
  const fields = () => [...new FormData(form)].filter(([key, value]) => typeof value === "string" && key !== "csrfmiddlewaretoken" && !key.endsWith("_kept"));
  const record = (state = {}) => ({ name, url: form.action, page: window.location.href, title: form.dataset.title, fields: fields(), photos, at: Date.now(), ...state });
  const keep = () => put(record()).catch(() => { /* Private mode: the form works without. */ });
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
      await keep();
    }
  }

  function bind() {
    for (const box of form.querySelectorAll("[data-shots]")) {
      box.querySelector("[data-album]").hidden = false;
      for (const input of box.querySelectorAll('input[type="file"]')) {
        input.addEventListener("change", () => { const files = [...input.files]; input.value = ""; add(box, files); });
      }
      if (photos[box.dataset.shots]) draw(box);
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

  function mend(page) {
    const asked = page.querySelector("form[data-work]");
    if (!asked) {
      const said = page.querySelector("main p, main h1")?.textContent.trim() || "";
      show(fill(words.refused, said), "error");
      return;
    }
    form.innerHTML = asked.innerHTML;
    form.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true }));
    bind();
    form.dispatchEvent(new CustomEvent("work-mended"));
  }

  /** An empty form in place: without a network the page can't be asked for again. */
  function begin() {
    for (const key of Object.keys(photos)) delete photos[key];
    form.reset();
    field("client_id").value = crypto.randomUUID();
    touched = false;
    form.hidden = false;
    form.querySelectorAll("[data-shots]").forEach(draw);
    form.dispatchEvent(new CustomEvent("work-fresh"));
  }

  async function lost() {
    if (form.dataset.many !== undefined) {
      // The next finding gets a form of its own while this one waits.
      await put(record({ name: `${name}:${field("client_id").value}`, waiting: true }));
      await remove(name);
      form.hidden = true;
      const next = Object.assign(document.createElement("button"), { type: "button", className: "button button--wide thumb thumb--tall", textContent: words.another });
      next.addEventListener("click", () => { next.remove(); begin(); });
      form.after(next);
    } else await put(record({ waiting: true }));
    await outbox();
    announce(words.lost);
    // The bar on top says it all; nothing shall lie over it.
    document.querySelectorAll("#toasts [data-toast]").forEach((toast) => toast.remove());
    window.scrollTo({ top: 0 });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    const label = form.querySelector("[data-send]"), before = label.textContent;
    label.textContent = words.sending;
    await keep();
    const answer = await send(record());
    busy = false;
    const still = form.querySelector("[data-send]");
    if (still) still.textContent = before;
    if (answer.url) { await remove(name); window.location.assign(answer.url); }
    else if (answer.page) mend(answer.page);
    else if (answer.signIn) { show(words.signIn, "error"); setTimeout(() => window.location.assign(answer.signIn), 2500); }
    else await lost();
  });
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("place-picked", later);

  bind();
  get(name).then((saved) => { if (!saved || form.querySelector("[data-error-summary]")) return; restore(saved); bind(); offerFresh(); }).catch(() => {});
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

// --- what waits ------------------------------------------------------------------------------------------

async function outbox() {
  const bar = document.getElementById("outbox");
  if (!bar) return;
  const records = await waiting().catch(() => []);
  bar.hidden = !records.length;
  bar.replaceChildren();
  if (!records.length) return;
  bar.append(Object.assign(document.createElement("p"), { textContent: fill(words.kept, records.length) }));
  for (const record of records) {
    const row = document.createElement("div"), title = document.createElement("b"), resend = document.createElement("button"), open = document.createElement("a"), drop = document.createElement("button");
    row.className = "outbox__row";
    title.textContent = record.title;
    Object.assign(resend, { type: "button", className: "button button--strong thumb", textContent: words.resend });
    resend.addEventListener("click", () => again(record));
    row.append(title);
    if (record.mend && !record.name.includes(":")) { Object.assign(open, { className: "button thumb", href: record.page, textContent: words.open }); row.append(open); }
    Object.assign(drop, { type: "button", className: "button button--quiet thumb", textContent: words.drop });
    drop.addEventListener("click", async () => { if (window.confirm(words.dropSure)) { await remove(record.name); outbox(); } });
    row.append(resend, drop);
    if (record.said) row.append(Object.assign(document.createElement("p"), { className: "outbox__said", textContent: record.said }));
    bar.append(row);
  }
}

let resending = false;
async function again(record) {
  const answer = await send(record);
  if (answer.url) {
    await remove(record.name);
    const own = [...document.querySelectorAll("form[data-work]")].some((form) => form.dataset.work === record.name || (form.hidden && record.name.startsWith(`${form.dataset.work}:`)));
    if (own) { window.location.assign(answer.url); return; }
    show(words.sent, "success");
    announce(words.sent);
    document.querySelector("[data-tasks]")?.dispatchEvent(new Event("refresh"));
  } else if (answer.page) {
    const said = answer.page.querySelector(".error-summary li, main p, main h1")?.textContent.trim() || words.mend;
    await put({ ...record, mend: true, said });
  } else if (answer.signIn) { show(words.signIn, "error"); } else show(words.lost, "warning");
  await outbox();
}

async function resendAll() {
  if (resending) return;
  resending = true;
  for (const record of (await waiting().catch(() => [])).filter(({ mend }) => !mend)) await again(record);
  resending = false;
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

for (const form of document.querySelectorAll("form[data-work]")) { work(form); if (form.dataset.report !== undefined) finding(form); }
for (const tasks of document.querySelectorAll("[data-tasks]")) list(tasks);
if (window.location.hash === "#call") document.getElementById("call")?.setAttribute("open", "");
document.querySelectorAll('a[href="#call"]').forEach((link) => link.addEventListener("click", () => document.getElementById("call").setAttribute("open", "")));
window.addEventListener("online", resendAll);
outbox().then(() => { if (navigator.onLine) resendAll(); });
