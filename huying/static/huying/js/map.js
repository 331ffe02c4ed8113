// Maps on the district's own outlines. All wishes stand in data- attributes, see parts/map.html.
import { announce, fill, words } from "./words.js";
import { show } from "./toast.js";

const L = window.L;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const SHADES = ["--shade-1", "--shade-2", "--shade-3", "--shade-4", "--shade-5"];
const PIN = '<svg viewBox="0 0 36 44" aria-hidden="true"><path d="M18 42S4 29 4 17a14 14 0 0 1 28 0c0 12-14 25-14 25z" fill="currentColor" stroke="#fff" stroke-width="2.5"/><circle cx="18" cy="17" r="5" fill="#fff"/></svg>';
const pinIcon = () => L.divIcon({ className: "map-pin", html: PIN, iconSize: [36, 44], iconAnchor: [18, 43], popupAnchor: [0, -40] });

async function json(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.json();
}

const text = (value) => { const node = document.createElement("span"); node.textContent = value; return node; };

function link(title, url) {
  const node = document.createElement(url ? "a" : "span");
  node.textContent = title;
  if (url) node.href = url;
  return node;
}

/** The name of an area in the page's language. */
const titled = ({ title, title_en: english }) => (document.documentElement.lang === "en" && english) || title;

/** Borders of at most five groups of about equal size; equal values never fall into two groups, nothing is a group of its own. */
export function breaks(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b), empty = sorted[0] === 0 && sorted.at(-1) > 0;
  const counted = empty ? sorted.filter((value) => value !== 0) : sorted, limits = empty ? [0] : [];
  const groups = SHADES.length - limits.length;
  for (let part = 1; part < groups; part += 1) {
    const limit = counted[Math.ceil(part * counted.length / groups) - 1];
    if (limit !== undefined && limit !== limits.at(-1) && limit !== counted.at(-1)) limits.push(limit);
  }
  return limits;
}

/** The colour of a group; few groups lie as far apart as many. */
const shadeOf = (group, limits) => css(SHADES[limits.length ? Math.round(group * (SHADES.length - 1) / limits.length) : SHADES.length - 1]);

async function areas(map, box) {
  const shapes = await json(box.dataset.areas);
  let values = null, limits = [], key = null;
  const read = () => {
    values = box.dataset.values ? JSON.parse(box.dataset.values) : null;
    limits = values ? breaks(Object.values(values).filter((value) => value !== null)) : [];
  };
  const shade = (value) => shadeOf(limits.filter((limit) => value > limit).length, limits);
  const style = (shape) => {
    const value = values?.[shape.properties.code];
    const filled = value !== undefined && value !== null;
    return { color: css("--map-line"), weight: 1.25, fillColor: filled ? shade(value) : css("--surface"), fillOpacity: values ? 0.92 : 0.6 };
  };
  const said = (shape) => {
    const value = values[shape.properties.code] ?? null, node = text(`${titled(shape.properties)} `);
    node.append(Object.assign(document.createElement("strong"), { textContent: value === null ? words.no_value : value + (box.dataset.unit || "") }));
    return node;
  };
  read();
  const layer = L.geoJSON(shapes, {
    interactive: Boolean(values),
    style,
    onEachFeature: (shape, part) => {
      const { code } = shape.properties, name = titled(shape.properties);
      if (!values) { if (shapes.features.length <= 40) part.bindTooltip(text(name), { permanent: true, direction: "center", className: "map-label" }); return; }
      // With few areas the numbers stand on the map: colour is never the only sign.
      if (shapes.features.length <= 40) part.bindTooltip(() => said(shape), { permanent: true, direction: "center", className: "map-label map-label--value" });
      else part.bindTooltip(() => said(shape), { sticky: true });
      if (box.dataset.areaUrl) part.on("click", () => window.location.assign(box.dataset.areaUrl.replace("CODE", encodeURIComponent(code))));
    },
  }).addTo(map);
  if (values) key = legend(map, box, limits, Object.values(values));
  else map.on("zoomend resize", () => uncrowd(layer)).whenReady(() => setTimeout(() => uncrowd(layer)));
  // Another script may put new numbers into data-values and say so.
  box.addEventListener("area-values", () => {
    read();
    layer.setStyle(style);
    layer.eachLayer((part) => part.setTooltipContent(() => said(part.feature)));
    key?.remove();
    key = legend(map, box, limits, Object.values(values));
  });
  return layer.getBounds();
}

/** Hide the names that would lie over another one; the larger area keeps its name. */
function uncrowd(layer) {
  const named = layer.getLayers().filter((part) => part.getTooltip()?.getElement());
  const size = (part) => { const bounds = part.getBounds(); return (bounds.getEast() - bounds.getWest()) * (bounds.getNorth() - bounds.getSouth()); };
  const shown = [];
  for (const part of named.sort((a, b) => size(b) - size(a))) {
    const node = part.getTooltip().getElement(), mine = node.getBoundingClientRect();
    const covered = shown.some((other) => mine.left < other.right && other.left < mine.right && mine.top < other.bottom && other.top < mine.bottom);
    node.classList.toggle("map-label--hidden", covered);
    if (!covered) shown.push(mine);
  }
}

/** The words of a group above `above` (null: the first, from `least`) up to `most`. */
function range(above, most, least, whole) {
  const from = above === null ? least : whole ? above + 1 : above;
  if (from === most) return String(most);
  return above === null || whole ? `${from} – ${most}` : `> ${from} – ${most}`;
}

function legend(map, box, limits, values) {
  const control = L.control({ position: "bottomleft" });
  control.onAdd = () => {
    const node = L.DomUtil.create("div", "map-legend");
    if (box.dataset.valuesTitle) node.append(Object.assign(text(box.dataset.valuesTitle + (box.dataset.unit ? `（${box.dataset.unit}）` : "")), { className: "small soft" }));
    const whole = values.every(Number.isInteger);
    const edges = [Math.min(...values), ...limits, Math.max(...values)];
    for (let step = 0; step + 1 < edges.length; step += 1) {
      const row = L.DomUtil.create("div", "map-legend__row", node);
      const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", shadeOf(step, limits)]]) rect.setAttribute(name, value);
      swatch.append(rect);
      row.append(swatch, text(range(step ? edges[step] : null, step ? edges[step + 1] : edges[1], edges[0], whole)));
    }
    return node;
  };
  return control.addTo(map);
}

/** [{lng, lat, title, url, colour}]; colour is a token name such as red. */
function points(map, found) {
  for (const point of found) {
    const colour = css(`--${/^[a-z]+$/.test(point.colour || "") ? point.colour : "accent"}`) || css("--accent");
    const dot = L.circleMarker([point.lat, point.lng], { radius: 7, weight: 2, color: css("--surface"), fillColor: colour, fillOpacity: 1 }).addTo(map);
    if (point.title) dot.bindPopup(link(point.title, point.url));
  }
}

/** The server answers {clusters: [{lng, lat, count, title, url}]} for bbox=w,s,e,n and zoom. */
function clusters(map, url) {
  const layer = L.layerGroup().addTo(map);
  let turn = 0;
  const load = async () => {
    const mine = (turn += 1), address = new URL(url, window.location.href);
    address.searchParams.set("bbox", map.getBounds().toBBoxString());
    address.searchParams.set("zoom", map.getZoom());
    const answer = await json(address), { clusters: found } = answer;
    if (mine !== turn) return;
    map.getContainer().dispatchEvent(new CustomEvent("clusters-shown", { bubbles: true, detail: answer }));
    layer.clearLayers();
    for (const cluster of found) {
      if (cluster.count === 1) {
        L.circleMarker([cluster.lat, cluster.lng], { radius: 7, weight: 2, color: css("--surface"), fillColor: css(`--${cluster.colour || "accent"}`), fillOpacity: 1 })
          .bindPopup(link(cluster.title || "1", cluster.url)).addTo(layer);
        continue;
      }
      const size = Math.round(28 + 8 * Math.log10(cluster.count));
      const bubble = Object.assign(text(cluster.count > 9999 ? `${Math.round(cluster.count / 1000)}k` : String(cluster.count)), { className: "map-cluster" });
      const marker = L.marker([cluster.lat, cluster.lng], { icon: L.divIcon({ className: "", html: bubble, iconSize: [size, size] }), alt: String(cluster.count), keyboard: true }).addTo(layer);
      marker.on("click", () => map.getZoom() >= map.getMaxZoom() && cluster.url ? window.location.assign(cluster.url) : map.setView([cluster.lat, cluster.lng], Math.min(map.getZoom() + 2, map.getMaxZoom())));
    }
  };
  map.on("moveend", () => load().catch(failed));
  map.on("huying:reload", () => load().catch(failed));
  return load();
}

const failed = () => show(words.map_failed, "error");

function picker(map, box) {
  const form = box.closest("form") || document, frame = box.closest(".map-frame"), note = frame.querySelector("[data-picked]");
  const lng = form.querySelector(`[name="${box.dataset.lngField}"]`), lat = form.querySelector(`[name="${box.dataset.latField}"]`);
  let pin = null;
  const put = (place, tell = true) => {
    if (pin) pin.setLatLng(place);
    else {
      pin = L.marker(place, { icon: pinIcon(), draggable: true, keyboard: true }).addTo(map);
      pin.on("dragend", () => put(pin.getLatLng()));
    }
    if (!tell) return;
    lng.value = place.lng.toFixed(6);
    lat.value = place.lat.toFixed(6);
    note.textContent = fill(words.picked, place.lng.toFixed(5), place.lat.toFixed(5));
    lng.dispatchEvent(new Event("change", { bubbles: true }));
    box.dispatchEvent(new CustomEvent("place-picked", { bubbles: true, detail: { lng: place.lng, lat: place.lat } }));
  };
  const go = (place) => { map.setView(place, Math.max(map.getZoom(), 16)); put(place); };
  map.on("click", (event) => put(event.latlng));
  // By keyboard: move the map with the arrow keys, Enter takes its middle.
  box.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === box) { event.preventDefault(); put(map.getCenter()); } });
  if (lng.value && lat.value) put(L.latLng(Number(lat.value), Number(lng.value)), false);
  lng.addEventListener("huying:restored", () => go(L.latLng(Number(lat.value), Number(lng.value))));
  // Other scripts may set the place: dispatch place-set with {lng, lat} on the map.
  box.addEventListener("place-set", (event) => go(L.latLng(event.detail.lat, event.detail.lng)));
  form.addEventListener("photo-place", (event) => { if (!lng.value) go(L.latLng(event.detail.lat, event.detail.lng)); });
  frame.querySelector("[data-locate]")?.addEventListener("click", () => {
    if (!navigator.geolocation) { note.textContent = words.locate_failed; return; }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => go(L.latLng(coords.latitude, coords.longitude)),
      () => { note.textContent = words.locate_failed; announce(words.locate_failed); },
      { enableHighAccuracy: true, timeout: 10000 },
    );
  });
  return () => pin?.getLatLng();
}

async function start(box) {
  if (box.dataset.started !== undefined) return;
  box.dataset.started = "";
  const map = L.map(box, { preferCanvas: true, zoomControl: false, minZoom: 9, maxZoom: 19, zoomSnap: 0.25, scrollWheelZoom: false, attributionControl: Boolean(box.dataset.tiles) });
  map.attributionControl?.setPrefix(false);
  box.addEventListener("focus", () => map.scrollWheelZoom.enable());
  box.addEventListener("blur", () => map.scrollWheelZoom.disable());
  map.on("click", () => map.scrollWheelZoom.enable());
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out, position: "topright" }).addTo(map);
  if (box.dataset.tiles) L.tileLayer(box.dataset.tiles, { maxZoom: 19 }).addTo(map);
  map.setView([36.09, 120.36], 12);
  const here = box.dataset.lng ? L.latLng(Number(box.dataset.lat), Number(box.dataset.lng)) : null;
  if (here) {
    const pin = L.marker(here, { icon: pinIcon(), alt: box.dataset.title || words.schematic }).addTo(map);
    if (box.dataset.title) pin.bindPopup(text(box.dataset.title));
    map.setView(here, 15);
  }
  const picked = box.dataset.picker === undefined ? null : picker(map, box);
  box.dispatchEvent(new CustomEvent("map-ready", { bubbles: true, detail: { map } }));
  try {
    const bounds = await areas(map, box);
    if (bounds.isValid()) {
      map.setMaxBounds(bounds.pad(1));
      // The legend covers nothing: a wide map leaves its left edge to it, a narrow one its lower edge.
      const legend = box.querySelector(".map-legend"), beside = box.clientWidth > 460;
      const left = legend && beside ? legend.offsetWidth + 20 : 8, below = legend && !beside ? legend.offsetHeight + 20 : 8;
      if (!here) map.fitBounds(bounds, { paddingTopLeft: [left, 8], paddingBottomRight: [beside ? 48 : 8, below], animate: false });
    }
    if (picked?.()) map.setView(picked(), 16, { animate: false });
    if (box.dataset.points) points(map, (await json(box.dataset.points)).points);
    if (box.dataset.clusters) await clusters(map, box.dataset.clusters);
  } catch { failed(); }
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(box);
}

document.querySelectorAll("[data-map]").forEach(start);
document.addEventListener("htmx:afterSwap", (event) => event.target.querySelectorAll("[data-map]").forEach(start));
