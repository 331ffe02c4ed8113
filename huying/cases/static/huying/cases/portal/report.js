// Reporting: addresses while they are typed, photos that survive a lost network, a submission that waits for it.
import { show } from "../../js/toast.js";
import { words } from "../../js/words.js";

// --- addresses ---------------------------------------------------------------------------------------------
const address = document.getElementById("id_address"), options = document.getElementById("place-options");
const map = document.querySelector("[data-map][data-picker]");
let asked = 0, timer = 0;

async function search() {
  const query = address.value.trim(), turn = (asked += 1);
  if (query.length < 2) { options.hidden = true; return; }
  try {
    const answer = await fetch(`/places/search?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || turn !== asked) return;
    const { places } = await answer.json();
    options.replaceChildren(...places.slice(0, 6).map(option));
    options.hidden = places.length === 0;
  } catch { options.hidden = true; /* The address as typed is good enough. */ }
}

function option(place) {
  const row = document.createElement("li"), button = document.createElement("button"), note = document.createElement("span");
  button.type = "button";
  button.textContent = place.title;
  note.className = "soft";
  note.textContent = ` ${place.where || place.kind_title || ""}`;
  button.append(note);
  button.addEventListener("click", () => {
    address.value = place.title;
    options.hidden = true;
    address.dispatchEvent(new Event("change", { bubbles: true }));
    map?.dispatchEvent(new CustomEvent("place-set", { detail: { lng: place.lng, lat: place.lat } }));
    address.focus();
  });
  row.append(button);
  return row;
}

if (address && options) {
  address.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 250); });
  address.addEventListener("keydown", (event) => {
    const first = options.querySelector("button");
    if (event.key === "ArrowDown" && !options.hidden && first) { event.preventDefault(); first.focus(); }
    if (event.key === "Enter" && !options.hidden && first) { event.preventDefault(); first.click(); }
  });
  options.addEventListener("keydown", (event) => {
    const move = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (event.key === "Escape") { options.hidden = true; address.focus(); }
    if (!move) return;
    event.preventDefault();
    (document.activeElement.parentElement[move]?.querySelector("button") || address).focus();
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".place-search")) options.hidden = true; });
}

// --- photos on this device until the server has them ---------------------------------------------------------
const DAYS = 7;

function store(mode, work) {
  return new Promise((done, fail) => {
    const open = indexedDB.open("huying", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("photos");
    open.onerror = () => fail(open.error);
    open.onsuccess = () => {
      const asked = work(open.result.transaction("photos", mode).objectStore("photos"));
      asked.onsuccess = () => { done(asked.result); open.result.close(); };
      asked.onerror = () => { fail(asked.error); open.result.close(); };
    };
  });
}
const quietly = () => { /* No storage here: the form works without. */ };
const form = document.getElementById("report-form");
const photos = form?.querySelector('input[type="file"]');

async function keepPhotos() {
  const files = [...photos.files].map((file) => new File([file], file.name, { type: file.type, lastModified: file.lastModified }));
  await store("readwrite", (table) => table.put({ at: Date.now(), files }, form.dataset.photoStore));
}

async function restorePhotos() {
  const kept = await store("readonly", (table) => table.get(form.dataset.photoStore));
  if (!kept || Date.now() - kept.at > DAYS * 864e5 || !kept.files.length || photos.files.length) return;
  const bag = new DataTransfer();
  for (const file of kept.files) bag.items.add(file);
  photos.files = bag.files;
  photos.dispatchEvent(new Event("change", { bubbles: true }));
}

const forget = (name) => store("readwrite", (table) => table.delete(name)).catch(quietly);

for (const done of document.querySelectorAll("[data-photo-done]")) forget(done.dataset.photoDone);
if (form && photos) {
  // Photos that the server sent back are safe there.
  if (form.querySelector('[name="kept"]')) forget(form.dataset.photoStore);
  else restorePhotos().catch(quietly);
  form.addEventListener("photos-changed", () => { keepPhotos().catch(quietly); });
}

// --- submitting: only when somebody is there to take it --------------------------------------------------------
if (form) {
  const button = form.querySelector("#submit-report");
  let going = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (going) return;
    going = true;
    button.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(String(answer.status));
      form.submit();
    } catch {
      show(words.offline, "warning");
    } finally {
      // Back from a page that never came: the button works again.
      setTimeout(() => { going = false; button.removeAttribute("aria-disabled"); }, 4000);
    }
  });
  window.addEventListener("pageshow", () => { going = false; button.removeAttribute("aria-disabled"); });
}
document.querySelector("[data-question]")?.focus();

// --- the receipt's link -----------------------------------------------------------------------------------------
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    source.select();
    try { await navigator.clipboard.writeText(source.value); } catch { document.execCommand("copy"); }
    button.querySelector("span").textContent = button.dataset.copied;
  });
}
