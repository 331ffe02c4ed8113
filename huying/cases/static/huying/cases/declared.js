// Declared fields with a condition on one other field (data-when-field, data-when-value) are shown only when it holds.
// Without this script they are always shown; the server asks for them only when the condition holds.
function refresh(root) {
  for (const input of root.querySelectorAll("[data-when-field]")) {
    const prefix = input.name.includes("-") ? input.name.slice(0, input.name.lastIndexOf("-") + 1) : "";
    const others = input.form ? [...input.form.elements].filter((other) => other.name === prefix + input.dataset.whenField) : [];
    if (!others.length) continue;
    const value = others[0].type === "radio" ? others.find((other) => other.checked)?.value : others[0].value;
    const frame = input.closest(".field");
    if (frame) frame.hidden = value !== input.dataset.whenValue;
  }
}

document.addEventListener("change", (event) => { if (event.target.form) refresh(event.target.form); });
document.addEventListener("htmx:afterSwap", (event) => refresh(event.target));
refresh(document);
