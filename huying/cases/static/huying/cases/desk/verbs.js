// Forms of verbs: they open in one dialog, keep what was typed, and submit with Ctrl+Enter.
const dialog = document.getElementById("verb-dialog");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "verb-body" || !dialog) return;
  if (!dialog.open) dialog.showModal();
  const form = dialog.querySelector(".verb-form");
  if (form && !form.querySelector("[data-error-summary]")) restore(form);
  const summary = dialog.querySelector("[data-error-summary], [role=alert]");
  const first = dialog.querySelector("form input:not([type=hidden]):not([type=file]), form textarea, form select");
  (summary || first || dialog).focus();
  if (summary) summary.scrollIntoView({ block: "nearest" });
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-dialog]")) {
    if (dialog?.open) dialog.close();
    else window.history.back();
  }
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    const field = document.getElementById(fill.dataset.fill);
    field.value = fill.dataset.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest(".verb-form");
  if (form) { event.preventDefault(); form.requestSubmit(); }
});

// A dialog closed by a slip of the hand loses nothing: what was typed is kept until it has been taken.
const key = (form) => `huying-verb:${new URL(form.action).pathname}`;
const kept = (field) => field.name && !/^(hidden|file|submit|button)$/.test(field.type);

document.addEventListener("input", (event) => {
  const form = event.target.closest(".verb-form");
  if (!form) return;
  const fields = [...form.elements].filter(kept).filter((field) => !/^(radio|checkbox)$/.test(field.type) || field.checked);
  sessionStorage.setItem(key(form), JSON.stringify(fields.map((field) => [field.name, field.value])));
});

function restore(form) {
  const fields = JSON.parse(sessionStorage.getItem(key(form)) || "[]");
  for (const [name, value] of fields) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (/^(radio|checkbox)$/.test(field.type)) field.checked = field.value === value;
      else field.value = value;
    }
  }
}

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.(".verb-form");
  if (form && event.detail.xhr.status === 204) sessionStorage.removeItem(key(form));
});

document.addEventListener("case-changed", () => { if (dialog?.open) dialog.close(); });
