// Time, place and person, drawn on the photo itself before it leaves the phone. The same facts go to the server beside it.
import { readExif } from "../../js/photos.js";
import { now } from "../../js/words.js";
import { whereAmI } from "./position.js";

const LONG_SIDE = 1600, QUALITY = 0.85;
// A photo this young was taken here and now; an older one from the album keeps only what it says itself.
const FRESH = 10 * 60e3;

/** {at: Date, lng, lat, accuracy}: from the photo's own data, else from the phone when it was just taken. */
async function factsOf(file, buffer) {
  const exif = readExif(buffer), fresh = Date.now() - file.lastModified < FRESH;
  const at = exif.taken ? new Date(exif.taken) : new Date(fresh ? now() : file.lastModified);
  if (exif.lng !== null) return { at, lng: exif.lng, lat: exif.lat, accuracy: null };
  const here = fresh ? await whereAmI() : null;
  return { at, lng: here?.lng ?? null, lat: here?.lat ?? null, accuracy: here?.accuracy ?? null };
}

const moment = (at) => at.toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" });

function lines(facts, box, words) {
  const point = facts.lng === null ? words.noPlace
    : `${facts.lng.toFixed(5)}, ${facts.lat.toFixed(5)}${facts.accuracy ? ` ${words.metres.replace("%d", facts.accuracy)}` : ""}`;
  return [moment(facts.at), box.dataset.place, point, [box.dataset.who, box.dataset.number].filter(Boolean).join(" · ")].filter(Boolean);
}

function write(canvas, texts) {
  const pen = canvas.getContext("2d"), size = Math.max(18, Math.round(Math.max(canvas.width, canvas.height) / 48));
  const family = getComputedStyle(document.body).fontFamily, step = Math.round(size * 1.4), pad = Math.round(size * 0.7);
  const height = step * texts.length + pad * 2 + Math.round(size * 0.5);
  pen.fillStyle = "rgba(8, 16, 16, .62)";
  pen.fillRect(0, canvas.height - height, canvas.width, height);
  pen.fillStyle = "#fff";
  pen.textBaseline = "top";
  let at = canvas.height - height + pad;
  texts.forEach((text, place) => {
    pen.font = `${place ? 500 : 700} ${place ? size : Math.round(size * 1.35)}px ${family}`;
    pen.fillText(text, pad, at, canvas.width - pad * 2);
    at += place ? step : Math.round(step * 1.25);
  });
}

/** {blob, at, lng, lat}: the photo upright, shrunk, with its watermark, and what it says. Throws when it is no photo. */
export async function marked(file, box, words) {
  const facts = await factsOf(file, await file.arrayBuffer());
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  write(canvas, lines(facts, box, words));
  const blob = await new Promise((done, fail) => { canvas.toBlob((made) => made ? done(made) : fail(new Error("no picture")), "image/jpeg", QUALITY); });
  return { blob, at: facts.at.toISOString(), lng: facts.lng, lat: facts.lat };
}
