// The draft saves itself: two seconds after the last key, and before the page is left. What the server has not taken
// yet stays on this device (data-draft); a text that somebody else overtook is kept by the server as a version of its own.
const form = document.querySelector("form[data-autosave]");
const note = form?.querySelector("[data-saved]");
const version = form?.querySelector("[data-version]");
let timer = 0;
let dirty = false;
let saving = false;
let stopped = false;

let running = Promise.resolve();

function save(keepalive = false) {
  running = send(keepalive);
}

async function send(keepalive) {
  if (!dirty || saving || stopped) return;
  dirty = false;
  saving = true;
  try {
    const body = new URLSearchParams(new FormData(form));
    for (const name of ["submit", "do", "pictures", "files"]) body.delete(name);
    const answer = await fetch(form.action, { method: "POST", body, keepalive, headers: { Accept: "application/json", "X-CSRFToken": body.get("csrfmiddlewaretoken") } });
    const said = await answer.json();
    if (answer.ok) taken(said.version);
    else if (answer.status === 409) stopped = true;
    note.textContent = answer.ok ? said.words : said.sentence;
    note.classList.toggle("field__error", !answer.ok);
  } catch { dirty = true; } finally { saving = false; }
  if (dirty) later();
}

// What the device keeps belongs to the version that it was typed over: it is never put over a newer one.
function taken(number) {
  version.value = number;
  localStorage.removeItem(`huying-draft:${form.dataset.draft}`);
  form.dataset.draft = form.dataset.draft.replace(/-v\d+$/, `-v${number}`);
}

// New pictures go below the paragraph in which the cursor was.
function remember(event) {
  const text = event.target;
  if (text.name === "body") form.querySelector("[data-place]").value = text.value.slice(0, text.selectionEnd).split("\n").length;
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(save, 2000);
}

if (form) {
  form.addEventListener("input", () => { dirty = true; later(); });
  form.addEventListener("change", () => { dirty = true; later(); });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!saving) { stopped = true; return; }
    // What saves itself is on its way: the button goes after it, with the version that comes back.
    event.preventDefault();
    running.then(() => form.requestSubmit(event.submitter));
  });
  for (const name of ["keyup", "click", "focusout"]) form.addEventListener(name, remember);
  addEventListener("pagehide", () => save(true));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); clearTimeout(timer); dirty = true; save(); }
  });
}
