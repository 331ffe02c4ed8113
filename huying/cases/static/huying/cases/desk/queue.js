// The queue: after each decision the list is read again, the marks stay, and the next case stands ready.
import { stand } from "../../js/list.js";

const list = () => document.querySelector(".queue [data-list]");
const rows = () => [...list().querySelectorAll("tbody tr[data-url]")];
const marked = () => [...list().querySelectorAll('input[name="selected"]:checked')].map((box) => box.value);

async function refresh() {
  const place = Math.max(0, rows().findIndex((row) => row.classList.contains("is-here"))), kept = marked();
  await window.htmx.ajax("GET", window.location.pathname + window.location.search, { target: `#${list().id}`, swap: "outerHTML" });
  for (const box of list().querySelectorAll('input[name="selected"]')) {
    if (kept.includes(box.value)) { box.checked = true; box.dispatchEvent(new Event("change", { bubbles: true })); }
  }
  const next = rows()[Math.min(place, rows().length - 1)];
  if (next) stand(next);
  else document.getElementById("case-pane").replaceChildren();
  document.querySelector("#queue-map")?.dispatchEvent(new CustomEvent("points-changed"));
}
document.addEventListener("case-changed", refresh);

// The standing case on the map.
let map = null, ring = null;
document.addEventListener("map-ready", (event) => { if (event.target.id === "queue-map") map = event.detail.map; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "case-pane" || !map) return;
  const pane = event.detail.target.querySelector("[data-lng]");
  ring?.remove();
  if (!pane) return;
  const place = [Number(pane.dataset.lat), Number(pane.dataset.lng)];
  ring = window.L.circleMarker(place, { radius: 13, weight: 4, color: getComputedStyle(document.documentElement).getPropertyValue("--red").trim(), fill: false, interactive: false }).addTo(map);
  map.setView(place, Math.max(map.getZoom(), 15), { animate: false });
});

// With room for the pane, the first case stands ready at once.
if (window.matchMedia("(min-width: 1200px)").matches) {
  const start = () => { const first = rows()[0]; if (first && window.htmx) stand(first); };
  if (document.readyState === "complete") start(); else window.addEventListener("load", start);
}
