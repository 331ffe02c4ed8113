// Photos: read time and place from EXIF, shrink in the browser, show. The server reads and strips EXIF again itself.
import { fill, words } from "./words.js";

const LONG_SIDE = 1600, QUALITY = 0.85;

/** Time and place from a JPEG's EXIF: {taken: "2023-11-05T08:30:00" or "", lng, lat: numbers or null}. */
export function readExif(buffer) {
  const found = { taken: "", lng: null, lat: null }, view = new DataView(buffer);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return found;
  for (let at = 2; at + 10 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xffda || marker >> 8 !== 0xff) break;
    if (marker !== 0xffe1 || view.getUint32(at + 4) !== 0x45786966) continue;
    try { readTiff(new DataView(buffer, at + 10), found); } catch (error) { if (!(error instanceof RangeError)) throw error; }
    break;
  }
  return found;
}

function readTiff(view, found) {
  const little = view.getUint16(0) === 0x4949, short = (at) => view.getUint16(at, little), long = (at) => view.getUint32(at, little);
  const directory = (start) => {
    const tags = new Map();
    for (let entry = 0, count = short(start); entry < count; entry += 1) {
      const at = start + 2 + entry * 12;
      tags.set(short(at), { type: short(at + 2), count: long(at + 4), at: at + 8 });
    }
    return tags;
  };
  const ascii = (tag) => {
    const start = tag.count > 4 ? long(tag.at) : tag.at;
    let text = "";
    for (let place = 0; place < tag.count - 1; place += 1) text += String.fromCharCode(view.getUint8(start + place));
    return text;
  };
  const degrees = (tag) => [0, 1, 2].reduce((sum, place) => {
    const at = long(tag.at) + place * 8;
    return sum + long(at) / (long(at + 4) || 1) / 60 ** place;
  }, 0);
  const main = directory(long(4));
  const exif = main.has(0x8769) ? directory(long(main.get(0x8769).at)) : new Map();
  const stamp = exif.get(0x9003) || main.get(0x0132);
  const match = stamp && ascii(stamp).match(/^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/);
  if (match && match[1] !== "0000") found.taken = `${match[1]}-${match[2]}-${match[3]}T${match[4]}`;
  if (!main.has(0x8825)) return;
  const gps = directory(long(main.get(0x8825).at));
  if (!gps.has(2) || !gps.has(4)) return;
  const lat = degrees(gps.get(2)) * (gps.has(1) && ascii(gps.get(1)) === "S" ? -1 : 1);
  const lng = degrees(gps.get(4)) * (gps.has(3) && ascii(gps.get(3)) === "W" ? -1 : 1);
  if (Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && (lat || lng)) Object.assign(found, { lng, lat });
}

/** A copy of the picture with a long side of at most 1600 px, upright; the original when it is small already. */
async function shrink(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
  if (scale === 1 && file.size < 600e3 && file.type === "image/jpeg") return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
  return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified }) : file;
}

const size = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;

function start(box) {
  const input = box.querySelector('input[type="file"]'), list = box.querySelector("[data-photo-list]"), note = box.querySelector("[data-photo-note]");
  const max = Number(box.dataset.max) || 6;
  const chosen = new DataTransfer();
  const hidden = (name) => box.querySelector(`[name="${name}"]`);

  function keep(exif) {
    if (exif.taken && !hidden("photo_taken_at").value) hidden("photo_taken_at").value = exif.taken;
    if (exif.lng === null || hidden("photo_lng").value) return;
    hidden("photo_lng").value = exif.lng.toFixed(6);
    hidden("photo_lat").value = exif.lat.toFixed(6);
    box.dispatchEvent(new CustomEvent("photo-place", { bubbles: true, detail: exif }));
  }

  function show(file, before) {
    const item = document.createElement("li"), picture = document.createElement("img"), remove = document.createElement("button");
    picture.src = URL.createObjectURL(file);
    picture.width = picture.height = 120;
    picture.alt = file.name;
    remove.type = "button";
    remove.setAttribute("aria-label", words.photo_remove);
    remove.textContent = "✕";
    remove.addEventListener("click", () => {
      chosen.items.remove([...chosen.files].indexOf(file));
      input.files = chosen.files;
      URL.revokeObjectURL(picture.src);
      item.remove();
      input.dispatchEvent(new Event("photos-changed", { bubbles: true }));
    });
    item.append(picture, remove);
    if (file.size < before) {
      const small = document.createElement("small");
      small.textContent = fill(words.photo_shrunk, size(file.size));
      item.append(small);
    }
    list.append(item);
  }

  async function add(files) {
    note.textContent = "";
    for (const file of files) {
      if (list.children.length >= max) { note.textContent = fill(words.photo_many, max); break; }
      try {
        keep(readExif(await file.arrayBuffer()));
        const small = await shrink(file);
        chosen.items.add(small);
        show(small, file.size);
      } catch { note.textContent = words.photo_bad; }
    }
    input.files = chosen.files;
    input.dispatchEvent(new Event("photos-changed", { bubbles: true }));
  }

  // Photos that the server already has: taking one away takes its reference along.
  for (const drop of list.querySelectorAll("[data-photo-drop]")) {
    drop.hidden = false;
    drop.addEventListener("click", () => drop.closest("li").remove());
  }
  input.addEventListener("change", () => add([...input.files]));
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("photo-input--over"); });
  box.addEventListener("dragleave", () => box.classList.remove("photo-input--over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("photo-input--over");
    add([...event.dataTransfer.files]);
  });
}

document.querySelectorAll("[data-photos]").forEach(start);
document.addEventListener("htmx:afterSwap", (event) => event.target.querySelectorAll("[data-photos]").forEach(start));
