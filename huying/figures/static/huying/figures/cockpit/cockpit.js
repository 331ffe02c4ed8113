// The numbers follow the records without a reload: changed parts are swapped; open sections, focus and scroll stay.
import { announce } from "../../js/words.js";
import { show } from "../../js/toast.js";

const board = document.getElementById("cockpit");

for (const select of document.querySelectorAll("[data-cockpit-form] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

/** Put the fresh part in the place of the old one, as the reader left it. */
function swap(old, fresh) {
  for (const section of old.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector(`#${CSS.escape(section.id)}`);
    if (same) same.open = true;
  }
  const places = [...old.querySelectorAll("a, summary")], here = places.indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (here >= 0) [...fresh.querySelectorAll("a, summary")][here]?.focus({ preventScroll: true });
}

/** The picture keeps its place and gets new numbers; so does the table below it. */
function chart(fresh) {
  const box = board.querySelector("[data-chart]"), rows = board.querySelector(".chart__table tbody");
  if (box.dataset.chart === fresh.querySelector("[data-chart]").dataset.chart) return;
  box.dataset.chart = fresh.querySelector("[data-chart]").dataset.chart;
  box.dispatchEvent(new Event("chart-data"));
  rows.replaceWith(fresh.querySelector(".chart__table tbody"));
}

/** What the pictures say of themselves keeps up with what they show. */
function captions(fresh) {
  for (const part of fresh.querySelectorAll("[data-picture][id]")) {
    const same = document.getElementById(part.id);
    if (same) same.dataset.picture = part.dataset.picture;
  }
}

function colour(load) {
  const map = document.getElementById("load-map");
  if (!map) return;
  map.dataset.areaUrl = load.dataset.areaUrl;
  if (map.dataset.values === load.dataset.values) return;
  map.dataset.values = load.dataset.values;
  map.dispatchEvent(new Event("area-values"));
}

const spoken = () => [...document.querySelectorAll("#headline .tile")].map((tile) =>
  `${tile.querySelector(".tile__title").textContent} ${tile.querySelector(".tile__value").textContent.replace(/\s+/g, " ")}`).join("；");

const promises = document.getElementById("promises");

/** Targets, projects and key figures come after the page; they change by the day. */
async function promised() {
  const answer = await fetch(promises.dataset.promises, { headers: { "X-Part": "promises" } });
  if (answer.ok && !answer.redirected) promises.innerHTML = await answer.text();
  promises.toggleAttribute("data-here", true);
}
promised().catch(() => {});
setInterval(() => { if (!document.hidden) promised().catch(() => {}); }, 300_000);

let timer = null;

async function refresh() {
  const answer = await fetch(window.location.href, { headers: { "X-Part": "live" } });
  if (answer.redirected || answer.status === 403) { stop(); show(board.dataset.stopped, "error"); return; }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = spoken();
  captions(fresh);
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (old && old.outerHTML !== part.outerHTML) swap(old, document.importNode(part, true));
  }
  chart(fresh);
  colour(document.getElementById("load"));
  if (spoken() !== before) announce(spoken());
}

const stop = () => { clearInterval(timer); timer = null; };
const start = () => { timer ??= setInterval(() => refresh().catch(() => {}), Number(board.dataset.poll) * 1000); };

document.addEventListener("visibilitychange", () => {
  if (document.hidden) stop();
  else { refresh().catch(() => {}); start(); }
});
if (!document.hidden) start();
