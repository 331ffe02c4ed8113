// A long print, one part after another: the server makes each while the reader sees how far it is.
const box = document.querySelector("[data-label-print]");
const all = box.querySelector("[data-all]"), note = box.querySelector("[data-note]"), bar = box.querySelector("progress");
const parts = [...box.querySelectorAll("[data-part]")];
const say = (text, ...values) => { note.textContent = values.reduce((words, value) => words.replace("%d", String(value)), text); };

function hand(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60e3);
}

all.hidden = false;
all.querySelector("button").addEventListener("click", async ({ currentTarget }) => {
  currentTarget.disabled = true;
  bar.hidden = false;
  bar.value = 0;
  for (const [index, part] of parts.entries()) {
    say(box.dataset.working, index + 1, parts.length);
    const answer = await fetch(part.href).catch(() => null);
    if (!answer?.ok) { say(box.dataset.failed, index + 1); part.focus(); currentTarget.disabled = false; return; }
    const name = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] || `${index + 1}.pdf`;
    hand(await answer.blob(), name);
    bar.value = index + 1;
  }
  say(box.dataset.done, parts.length);
  currentTarget.disabled = false;
});
