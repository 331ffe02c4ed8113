// 现场核实: where the person stands goes along where the phone may say it; asked for only to move an entry here.
import { allowed, whereAmI } from "./position.js";

const forms = [...document.querySelectorAll("form[data-here]")];

function write(here) {
  for (const form of forms) [form.elements.lng.value, form.elements.lat.value] = [here.lng, here.lat];
}

async function quietly() {
  if (!forms.length || !await allowed()) return;
  const here = await whereAmI();
  if (here) write(here);
}

for (const form of forms) {
  form.elements.moved?.addEventListener("change", async (event) => {
    if (!event.target.checked) return;
    const here = await whereAmI();
    if (here) write(here);
  });
}
quietly();
