// Where the phone is. Asked only where it is of use, sent only in a header: never in an address that is kept.
let last = null;
const FRESH = 60e3;

/** Whether the reader has already allowed it, so that no question pops up. */
export async function allowed() {
  try { return (await navigator.permissions.query({ name: "geolocation" })).state === "granted"; } catch { return false; }
}

/** {lng, lat, accuracy in metres}, or null when the phone does not say. */
export function whereAmI() {
  if (last && Date.now() - last.at < FRESH) return Promise.resolve(last);
  if (!navigator.geolocation) return Promise.resolve(null);
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { last = { lng: coords.longitude, lat: coords.latitude, accuracy: Math.round(coords.accuracy), at: Date.now() }; resolve(last); },
      () => resolve(null),
      { enableHighAccuracy: true, timeout: 10000, maximumAge: FRESH },
    );
  });
}

/** The header's value: to about ten metres, which is enough to sort by. */
export const header = (place) => `${place.lng.toFixed(4)},${place.lat.toFixed(4)}`;

document.addEventListener("htmx:configRequest", (event) => {
  if (last && event.detail.elt.closest?.("[data-wants-position]")) event.detail.headers["X-Position"] = header(last);
});
