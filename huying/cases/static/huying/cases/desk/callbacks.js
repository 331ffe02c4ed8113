// The call-back form by keyboard: one key per answer, Ctrl+Enter saves; questions that make no sense are put away.
const form = document.querySelector("[data-call]");

function refresh() {
  const reached = form.elements.reached.value !== "no";
  for (const part of form.querySelectorAll("[data-when-reached]")) part.hidden = !reached;
  for (const part of form.querySelectorAll("[data-when-unsolved]")) part.hidden = !reached || form.elements.solved.value !== "no";
}

document.addEventListener("keydown", (event) => {
  if (!form || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, input:not([type=radio])")) return;
  const label = form.querySelector(`[data-answer-key="${CSS.escape(event.key)}"]`);
  if (!label || label.closest("[hidden]")) return;
  event.preventDefault();
  const input = label.querySelector("input");
  input.checked = true;
  input.focus();
  refresh();
});

if (form) {
  form.addEventListener("change", refresh);
  refresh();
}
