// A list of places as a route: always the nearest of those that are left. Worked out on the phone, so also offline.
import { whereAmI } from "../cases/field/position.js";

const RADIUS = 6371008.8, radians = (degrees) => degrees * Math.PI / 180;

/** Metres between two points [lng, lat], by the sphere: good enough for streets. */
export function metres([lng1, lat1], [lng2, lat2]) {
  const half = Math.sin(radians(lat2 - lat1) / 2) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(radians(lng2 - lng1) / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.sqrt(half));
}

/** The entries of `places` ([{point}]) in the order of the walk from `here`; those without a point come last. */
export function route(places, here) {
  const left = places.filter(({ point }) => point), found = [];
  let at = here;
  while (left.length) {
    const next = left.reduce((best, each) => (metres(at, each.point) < metres(at, best.point) ? each : best));
    left.splice(left.indexOf(next), 1);
    found.push({ ...next, metres: metres(at, next.point) });
    at = next.point;
  }
  return [...found, ...places.filter(({ point }) => !point)];
}

const button = document.querySelector("[data-route]"), list = document.querySelector("[data-places]");
if (button && list) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const here = await whereAmI();
    if (!here) { document.querySelector("[data-route-note]").textContent = button.dataset.none; return; }
    const rows = [...list.children].map((row) => ({ row, point: row.dataset.lng ? [Number(row.dataset.lng), Number(row.dataset.lat)] : null }));
    for (const { row, metres: far } of route(rows, [here.lng, here.lat])) {
      const note = row.querySelector("[data-far]");
      if (note && far !== undefined) note.textContent = far < 1000 ? `${Math.round(far)} m` : `${(far / 1000).toFixed(1)} km`;
      list.append(row);
    }
  });
}
