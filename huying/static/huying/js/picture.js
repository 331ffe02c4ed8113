// Charts and maps for a paper: drawn again in the colours of paper, to be printed in their place or kept as a picture
// with the title above, the moment, source and address below. What it says stands in data-picture='{name, title, lines}'.
import { option } from "./chart.js";
import { words } from "./words.js";
import { show } from "./toast.js";

const WIDTH = 1200, SCALE = 2, EDGE = 28;
const light = Object.assign(document.createElement("div"), { hidden: true });
light.dataset.theme = "light";
document.body.append(light);
const css = (name) => getComputedStyle(light).getPropertyValue(name).trim();

function canvasOf(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width: width * SCALE, height: height * SCALE });
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  pen.textBaseline = "top";
  return [canvas, pen];
}

/** The chart by ECharts on a canvas of its own. */
function drawChart(chart, height) {
  const own = window.echarts.init(document.createElement("div"), null, { renderer: "canvas", width: WIDTH, height });
  own.setOption({ ...option(chart, css, 15), animation: false });
  const canvas = own.renderToCanvas({ pixelRatio: SCALE, backgroundColor: "#fff" });
  own.dispose();
  return canvas;
}

/** The bars of a list as a chart. */
function chartOfBars(list) {
  const rows = [...list.querySelectorAll("li")].filter((row) => row.querySelector(".bars__title"));
  const number = (row) => Number(row.querySelector(".count-of").textContent.replace(/\D/g, ""));
  return { kind: "rows", labels: rows.map((row) => row.querySelector(".bars__title").textContent), series: [{ name: "", values: rows.map(number) }] };
}

/** What the box shows, on a canvas as wide as a paper, `flat` among other things; null where there is nothing to draw. */
async function drawn(box, flat = false) {
  const chart = box.querySelector("[data-chart]"), map = box.querySelector("[data-map]"), list = box.querySelector(".bars");
  if (map) return (await import("./map-picture.js")).drawMap(map, canvasOf, css, WIDTH);
  if (!window.echarts) return null;
  if (chart) {
    const said = JSON.parse(chart.dataset.chart);
    return drawChart(said, said.kind === "rows" ? Math.max(220, 60 + 34 * said.labels.length) : said.height === "small" ? (flat ? 230 : 340) : 480);
  }
  const bars = list && chartOfBars(list);
  return bars?.labels.length ? drawChart(bars, 60 + 34 * bars.labels.length) : null;
}

/** A text in lines that are at most this wide; an address is broken anywhere. */
function wrapped(pen, text, width) {
  const lines = [""];
  for (const part of text.match(/[\u0000-\u007f]{1,24}|./gu) || []) {
    if (pen.measureText(lines.at(-1) + part).width > width && lines.at(-1)) lines.push("");
    lines[lines.length - 1] += part;
  }
  return lines;
}

/** The whole picture: title, drawing, and where it comes from. */
async function sheet(box) {
  const said = JSON.parse(box.dataset.picture), body = await drawn(box);
  if (!body) return null;
  const small = `15px ${css("--font")}`, measure = canvasOf(1, 1)[1];
  measure.font = small;
  const lines = said.lines.flatMap((line) => wrapped(measure, line, WIDTH));
  const tall = body.height / SCALE, [canvas, pen] = canvasOf(WIDTH + 2 * EDGE, tall + 2 * EDGE + 60 + lines.length * 22);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = css("--ink");
  pen.font = `650 24px ${css("--font")}`;
  pen.fillText(said.title, EDGE, EDGE, WIDTH);
  pen.drawImage(body, EDGE, EDGE + 44, WIDTH, tall);
  pen.font = small;
  pen.fillStyle = css("--ink-soft");
  lines.forEach((line, place) => pen.fillText(line, EDGE, EDGE + 60 + tall + place * 22));
  return canvas;
}

async function keep(box) {
  const canvas = await sheet(box);
  if (!canvas) { show(words.picture_failed, "error"); return; }
  canvas.toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${JSON.parse(box.dataset.picture).name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }, "image/png");
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-take-picture]")?.closest("[data-picture]");
  if (box) keep(box).catch(() => show(words.picture_failed, "error"));
});

/** On paper a canvas would be cut, and drawn for the screen: an image that fits the sheet stands in its place. */
async function prepare(box) {
  const place = box.querySelector("[data-chart], [data-map]");
  const body = place && await drawn(box, true);
  if (!body) return;
  let image = box.querySelector(".paper-picture");
  if (!image) {
    image = Object.assign(document.createElement("img"), { className: "paper-picture", alt: "" });
    (place.closest(".map-frame") || place).after(image);
  }
  image.src = body.toDataURL("image/png");
}

const rest = window.requestIdleCallback || ((work) => setTimeout(work, 300));
const later = new WeakMap();
/** Once the page has come to rest; of many changes in a row only the last is drawn. */
function soon(box) {
  clearTimeout(later.get(box));
  later.set(box, setTimeout(() => rest(() => prepare(box).catch(() => {})), 200));
}

function start(root) {
  for (const box of root.querySelectorAll("[data-picture]")) {
    soon(box);
    for (const name of ["chart-data", "area-values"]) box.querySelector("[data-chart], [data-map]")?.addEventListener(name, () => soon(box));
  }
}
start(document);
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
