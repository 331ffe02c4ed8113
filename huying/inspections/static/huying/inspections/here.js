// One scan and one tap: the moment and the place are filled in, the outbox sends it.
import { whereAmI } from "../cases/field/position.js";
import { metres } from "./route.js";

const FAR = 150, far = document.querySelector("[data-far]"), forms = [...document.querySelectorAll("form[data-here]")];
const now = () => new Date().toISOString();

let settled = false;
const place = whereAmI().then((here) => { settled = true; fill(here); });

for (const form of forms) {
  form.elements.started_at.value = now();
  // Before the outbox reads the form. A tap waits for the place: without it the visit would not count.
  form.addEventListener("submit", (event) => {
    if (!settled) {
      event.preventDefault();
      event.stopImmediatePropagation();
      form.querySelector("[data-send]").textContent = form.dataset.locating;
      place.then(() => form.requestSubmit());
      return;
    }
    form.elements.ended_at.value = now();
  }, true);
}

function fill(here) {
  if (!here) return;
  for (const form of forms) [form.elements.lng.value, form.elements.lat.value] = [here.lng, here.lat];
  if (!far?.dataset.lng) return;
  const away = Math.round(metres([here.lng, here.lat], [Number(far.dataset.lng), Number(far.dataset.lat)]));
  far.textContent = (away > FAR ? far.dataset.farOff : far.dataset.metres).replace("%s", away);
  far.classList.toggle("is-far", away > FAR);
}

/** Whoever pressed the button on the page that the scan opened has tapped already. Only from our own pages. */
function tapped() {
  const url = new URL(window.location.href), code = url.searchParams.get("go");
  if (!code) return null;
  url.searchParams.delete("go");
  window.history.replaceState(null, "", url);
  try { if (new URL(document.referrer).origin !== window.location.origin) return null; } catch { return null; }
  return forms.find((form) => form.dataset.here === code) || null;
}

tapped()?.requestSubmit();
