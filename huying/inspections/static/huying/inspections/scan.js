// A label inside the app: read by the camera where the phone can, else typed. The address is worked out on the phone, so that a
// page that is kept there opens without a signal.
const form = document.querySelector("[data-label-form]"), box = document.querySelector("[data-scanner]"), note = document.querySelector("[data-scan-note]");
const button = document.querySelector("[data-scan]"), EVERY_MS = 250;

/** The eight letters, from what was typed or from the address in the code. */
export const labelOf = (text) => text.trim().toUpperCase().replace(/\/+$/, "").split("/").pop().replace(/[^0-9A-Z]/g, "");

function open(text) {
  const label = labelOf(text);
  if (label) window.location.assign(form.dataset.here.replace("LABEL", label));
}

async function look(video, detector) {
  for (;;) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code && /\/i\/[^/]+\/?$/.test(code.rawValue)) { open(code.rawValue); return; }
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
  }
}

async function scan() {
  const video = box.querySelector("video");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch { note.textContent = box.dataset.denied; return; }
  box.hidden = false;
  button.hidden = true;
  await video.play();
  await look(video, new window.BarcodeDetector({ formats: ["qr_code"] }));
}

if (form) form.addEventListener("submit", (event) => { event.preventDefault(); open(form.elements.label.value); });
if (button && "BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  button.addEventListener("click", scan);
}
