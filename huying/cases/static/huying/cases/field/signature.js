// A name written with a finger, kept with the form's photos.
/** Draw on `canvas`; `changed` gets {blob, at} after each stroke, or null when it was wiped. `kept` is shown first. */
export function signature(canvas, kept, changed) {
  const pen = canvas.getContext("2d"), clear = canvas.parentElement.querySelector("[data-signature-clear]");
  let drawing = false, any = Boolean(kept);
  const wipe = () => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); };
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [(clientX - box.left) * canvas.width / box.width, (clientY - box.top) * canvas.height / box.height];
  };
  canvas.hidden = false;
  if (clear) clear.hidden = false;
  wipe();
  pen.lineWidth = 5;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#10201f";
  if (kept) createImageBitmap(kept.blob).then((picture) => { if (!drawing) pen.drawImage(picture, 0, 0, canvas.width, canvas.height); }).catch(() => {});
  canvas.addEventListener("pointerdown", (event) => {
    drawing = any = true;
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => { if (drawing) { pen.lineTo(...at(event)); pen.stroke(); } });
  canvas.addEventListener("pointerup", () => {
    drawing = false;
    if (any) canvas.toBlob((blob) => { if (blob) changed({ blob, at: new Date().toISOString(), lng: null, lat: null }); }, "image/jpeg", 0.9);
  });
  clear?.addEventListener("click", () => { any = false; wipe(); changed(null); });
}
