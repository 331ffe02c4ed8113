// The draft saves itself: two seconds after the last key, and before the page is left. What the server has not taken
// yet stays on this device (data-draft); a text that somebody else overtook is kept by the server as a version of its own.
const form = document.querySelector("form[data-autosave]");
const note = form?.querySelector("[data-saved]");
const version = form?.querySelector("[data-version]");
let timer = 0;
let dirty = false;
let saving = false;
let stopped = false;

async function save(keepalive = false) {
  if (!dirty || saving || stopped) return;
  dirty = false;
  saving = true;
  try {
    const body = new URLSearchParams(new FormData(form));
    body.delete("submit");
    const answer = await fetch(form.action, { method: "POST", body, keepalive, headers: { Accept: "application/json", "X-CSRFToken": body.get("csrfmiddlewaretoken") } });
    const said = await answer.json();
    if (answer.ok) version.value = said.version;
    else if (answer.status === 409) stopped = true;
    note.textContent = answer.ok ? said.words : said.sentence;
    note.classList.toggle("field__error", !answer.ok);
  } catch { dirty = true; } finally { saving = false; }
  if (dirty) later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(save, 2000);
}

if (form) {
  form.addEventListener("input", () => { dirty = true; later(); });
  form.addEventListener("change", () => { dirty = true; later(); });
  form.addEventListener("submit", () => { clearTimeout(timer); stopped = true; });
  addEventListener("pagehide", () => save(true));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); clearTimeout(timer); dirty = true; save(); }
  });
}
