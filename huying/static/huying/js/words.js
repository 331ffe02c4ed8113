// The page's words, in its language, and its clock: both come from the server.
export const words = JSON.parse(document.body.dataset.words || "{}");
const skew = Number(document.documentElement.dataset.now || Date.now()) - Date.now();

/** Milliseconds since 1970 by the server's clock; the one of an old office PC may be wrong. */
export const now = () => Date.now() + skew;

/** Fill the %s and %d of a text, one after the other. */
export const fill = (text, ...values) => values.reduce((done, value) => done.replace(/%[sd]/, String(value)), text);

/** A length in its two largest units, as duration_words() on the server says it. */
export function duration(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60000);
  const days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60), rest = minutes % 60;
  const parts = days ? [[days, words.days], [hours, words.hours]] : [[hours, words.hours], [rest, words.minutes]];
  return parts.filter(([count]) => count).map(([count, word]) => fill(word, count)).join(" ") || words.moment;
}

/** Say something to a screen reader. */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = text;
}
