// Drafts: what was typed into <form data-draft="name"> is kept on this device until the server has taken it.
// The page that confirms the submission carries [data-draft-done="name"]; only then is the draft thrown away.
import { fill, words } from "./words.js";
import { show } from "./toast.js";

const PREFIX = "huying-draft:";
const DAYS = 7;
const skip = (field) => !field.name || /^(file|password|submit|button|reset)$/.test(field.type) || field.name === "csrfmiddlewaretoken" || field.dataset.noDraft !== undefined;

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(PREFIX + name));
    return draft && Date.now() - draft.at < DAYS * 864e5 ? draft.fields : null;
  } catch { return null; }
}

function write(form) {
  const fields = [];
  for (const field of form.elements) {
    if (skip(field)) continue;
    if (field.type === "checkbox" || field.type === "radio") { if (field.checked) fields.push([field.name, field.value]); }
    else if (field.multiple) for (const option of field.selectedOptions) fields.push([field.name, option.value]);
    else if (field.value) fields.push([field.name, field.value]);
  }
  try {
    localStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), fields }));
    const note = form.querySelector("[data-draft-note]");
    if (note) note.textContent = words.saved;
  } catch { /* Storage full or refused: the form works without. */ }
}

function restore(form, fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) || []), value]);
  let changed = false;
  for (const field of form.elements) {
    if (skip(field) || !values.has(field.name)) continue;
    const kept = values.get(field.name);
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked !== kept.includes(field.value)) { field.checked = kept.includes(field.value); changed = true; }
    } else if (field.multiple) {
      for (const option of field.options) option.selected = kept.includes(option.value);
    } else if (field.value !== kept[0]) { field.value = kept[0]; changed = true; }
    if (changed) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return changed;
}

for (const done of document.querySelectorAll("[data-draft-done]")) localStorage.removeItem(PREFIX + done.dataset.draftDone);

for (const form of document.querySelectorAll("form[data-draft]")) {
  const fields = read(form.dataset.draft);
  // A form that the server sent back with errors already shows what was typed.
  if (fields && !form.querySelector("[data-error-summary]") && restore(form, fields)) {
    const toast = show(fill(words.restored));
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.discard;
    button.addEventListener("click", () => {
      localStorage.removeItem(PREFIX + form.dataset.draft);
      form.reset();
      toast.remove();
    });
    toast.insertBefore(button, toast.lastChild);
  }
  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(() => write(form), 400); };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => { clearTimeout(timer); write(form); });
}
