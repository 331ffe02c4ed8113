// A map of numbers for a paper: the outlines in five shades, the numbers on them where they fit, and the legend.
import { breaks } from "./map.js";

const SHADES = 5, EDGE = 12;
const named = ({ title, title_en: english }) => (document.documentElement.lang === "en" && english) || title;

/** The outlines of a feature: [[[lng, lat], …], …]. */
const rings = ({ type, coordinates }) => (type === "Polygon" ? coordinates : type === "MultiPolygon" ? coordinates.flat() : []);

/** A canvas of this width with the map of `box`; the outlines are in the browser's cache already. */
export async function drawMap(box, canvasOf, css, width) {
  const answer = await fetch(box.dataset.areas, { headers: { Accept: "application/json" } });
  if (!answer.ok) return null;
  const shapes = (await answer.json()).features, values = JSON.parse(box.dataset.values || "{}");
  const spots = shapes.flatMap((shape) => rings(shape.geometry).flat());
  if (!spots.length) return null;
  const [west, east] = [Math.min(...spots.map(([lng]) => lng)), Math.max(...spots.map(([lng]) => lng))];
  const [south, north] = [Math.min(...spots.map(([, lat]) => lat)), Math.max(...spots.map(([, lat]) => lat))];
  const flat = Math.cos((south + north) / 2 * Math.PI / 180), wide = (east - west) * flat, side = 170;
  const scale = Math.min((width - side - 2 * EDGE) / wide, 820 / (north - south)), height = Math.round((north - south) * scale) + 2 * EDGE;
  const left = side + (width - side - wide * scale) / 2;
  const at = ([lng, lat]) => [left + (lng - west) * flat * scale, EDGE + (north - lat) * scale];
  const [canvas, pen] = canvasOf(width, height);
  const limits = breaks(Object.values(values)), groups = limits.length + 1;
  const shade = (group) => css(`--shade-${1 + Math.round(group * (SHADES - 1) / Math.max(1, groups - 1))}`);
  const group = (value) => limits.filter((limit) => value > limit).length;
  pen.lineWidth = 1;
  pen.strokeStyle = css("--map-line");
  for (const shape of shapes) {
    const value = values[shape.properties.code];
    pen.fillStyle = value === undefined ? "#fff" : shade(group(value));
    pen.beginPath();
    for (const ring of rings(shape.geometry)) { ring.forEach((spot, place) => pen[place ? "lineTo" : "moveTo"](...at(spot))); pen.closePath(); }
    pen.fill("evenodd");
    pen.stroke();
  }
  if (shapes.length <= 40) for (const shape of shapes) label(pen, shape, at, css, values[shape.properties.code], group, groups);
  legend(pen, box, limits, values, shade, css, height);
  const mark = box.closest(".map-frame")?.querySelector(".map-frame__mark")?.textContent || "";
  pen.fillStyle = css("--ink-soft");
  pen.font = `15px ${css("--font")}`;
  pen.fillText(mark, width - EDGE - pen.measureText(mark).width, height - EDGE - 18);
  return canvas;
}

/** Name and number in the middle of the area's largest outline. */
function label(pen, shape, at, css, value, group, groups) {
  const ring = rings(shape.geometry).map((each) => each.map(at)).sort((a, b) => span(b) - span(a))[0];
  const [x, y] = [0, 1].map((axis) => (Math.min(...ring.map((spot) => spot[axis])) + Math.max(...ring.map((spot) => spot[axis]))) / 2);
  const dark = value !== undefined && group(value) / Math.max(1, groups - 1) > 0.6;
  pen.fillStyle = dark ? "#fff" : css("--ink");
  pen.textAlign = "center";
  pen.font = `14px ${css("--font")}`;
  pen.fillText(named(shape.properties), x, y - 17);
  pen.font = `650 17px ${css("--font")}`;
  if (value !== undefined) pen.fillText(String(value), x, y + 1);
  pen.textAlign = "start";
}
const span = (ring) => (Math.max(...ring.map(([x]) => x)) - Math.min(...ring.map(([x]) => x))) * (Math.max(...ring.map(([, y]) => y)) - Math.min(...ring.map(([, y]) => y)));

function legend(pen, box, limits, values, shade, css, height) {
  const numbers = Object.values(values);
  if (!numbers.length) return;
  const edges = [Math.min(...numbers), ...limits, Math.max(...numbers)];
  let y = height - EDGE - (edges.length - 1) * 26 - 24;
  pen.fillStyle = css("--ink-soft");
  pen.font = `15px ${css("--font")}`;
  pen.fillText(box.dataset.valuesTitle || "", EDGE, y);
  for (let step = 0; step + 1 < edges.length; step += 1) {
    y += 26;
    pen.fillStyle = shade(step);
    pen.fillRect(EDGE, y, 26, 18);
    pen.strokeStyle = css("--map-line");
    pen.strokeRect(EDGE, y, 26, 18);
    const from = step ? edges[step] + 1 : edges[0], to = edges[step + 1];
    pen.fillStyle = css("--ink");
    pen.fillText(from >= to ? String(to) : `${from} – ${to}`, EDGE + 36, y + 1);
  }
}
