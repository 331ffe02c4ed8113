// The checklist: the score as the server will count it, the moment and the place, a signature drawn with a finger.
import { whereAmI } from "../cases/field/position.js";
import { metres } from "./route.js";
import { FAIL, PASS, score, verdict } from "./scoring.js";

const FAR = 150;
const standard = JSON.parse(document.getElementById("scoring")?.textContent || "null");
const tenths = (number) => (number % 10 ? (number / 10).toFixed(1) : String(number / 10));

function answersOf(form) {
  const found = {};
  for (const item of standard.items) {
    const value = new FormData(form).get(`answer-${item.code}`);
    if (value === null || value === "") continue;
    found[item.code] = item.reading ? Number(value) : value;
  }
  return found;
}

function count(form) {
  const answers = answersOf(form), result = score(standard, answers), bar = form.querySelector("[data-score]");
  for (const item of standard.items.filter(({ reading }) => reading)) {
    const said = item.code in answers ? verdict(item, answers[item.code]) : "", place = form.querySelector(`[data-item="${CSS.escape(item.code)}"]`);
    const note = place.querySelector("[data-verdict]"), hidden = form.elements[`verdict-${item.code}`];
    note.textContent = said === PASS ? note.dataset.good : said === FAIL ? note.dataset.bad : "";
    if (hidden.value !== said) {
      hidden.value = said;
      form.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  const words = bar.querySelector("[data-score-words]");
  bar.hidden = !Object.keys(answers).length;
  bar.querySelector("[data-score-number]").textContent = result.unanswered.length ? "" : tenths(result.tenths);
  words.textContent = result.unanswered.length ? words.dataset.left.replace("%d", result.unanswered.length)
    : result.grade || (result.passed ? words.dataset.pass : words.dataset.fail);
}

function allRight(form) {
  const button = form.querySelector("[data-all-right]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const item of standard.items) {
      const radios = form.elements[`answer-${item.code}`];
      if (radios && !radios.value) radios.value = PASS;
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

async function arrive(form) {
  const far = document.querySelector("[data-far]"), target = [Number(form.dataset.lng), Number(form.dataset.lat)];
  const here = await whereAmI();
  if (!here) return;
  [form.elements.lng.value, form.elements.lat.value] = [here.lng, here.lat];
  if (!form.dataset.lng || !far) return;
  const away = Math.round(metres([here.lng, here.lat], target));
  far.textContent = (away > FAR ? form.dataset.farOff : form.dataset.metres).replace("%s", away);
  far.classList.toggle("is-far", away > FAR);
}

function begin(form) {
  if (!form.elements.started_at.value) form.elements.started_at.value = new Date().toISOString();
  // The label that was scanned to get here: a kept page has an address without it.
  const label = new URLSearchParams(window.location.search).get("label");
  if (label && form.elements.scanned && !form.elements.scanned.value) form.elements.scanned.value = label;
  allRight(form);
  count(form);
}

for (const form of document.querySelectorAll("form[data-round]")) {
  begin(form);
  arrive(form);
  form.addEventListener("input", () => count(form));
  form.addEventListener("change", () => count(form));
  form.addEventListener("work-restored", () => count(form));
  form.addEventListener("work-mended", () => { begin(form); arrive(form); });
  form.addEventListener("work-fresh", () => { form.elements.started_at.value = ""; begin(form); });
  // Before the outbox reads the form.
  form.addEventListener("submit", () => { form.elements.ended_at.value = new Date().toISOString(); }, true);
}
