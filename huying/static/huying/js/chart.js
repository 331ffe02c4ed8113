// Charts: <div data-chart='{…}'> drawn by ECharts in the page's colours; the same numbers stand in the table below it.
const ofPage = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PALETTE = ["--accent", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** What ECharts is told; `css` gives the value of a colour token, `size` is that of the letters in pixels. */
export function option(chart, css = ofPage, size = parseFloat(getComputedStyle(document.body).fontSize) * 0.85) {
  const ink = css("--ink"), soft = css("--ink-soft"), line = css("--line"), across = chart.kind === "rows";
  const names = { type: "category", data: chart.labels, inverse: across, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, fontSize: size, hideOverlap: true } };
  const numbers = { type: "value", minInterval: 1, splitLine: { lineStyle: { color: line } }, axisLabel: { color: soft, fontSize: size } };
  return {
    animation: !still.matches,
    animationDuration: 300,
    color: PALETTE.map((name) => css(name)),
    textStyle: { fontFamily: css("--font"), color: ink, fontSize: size },
    grid: { left: 8, right: across ? 40 : 12, top: chart.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: { show: chart.series.length > 1, top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: soft, fontSize: size } },
    // Rich text, not HTML: a strict content policy forbids the styles that an HTML tooltip would carry.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: chart.kind === "line" ? "line" : "shadow" }, backgroundColor: css("--surface"), borderColor: line, textStyle: { color: ink, fontSize: size } },
    xAxis: across ? numbers : names,
    yAxis: across ? names : numbers,
    series: chart.series.map((one) => ({
      name: one.name,
      data: one.values,
      type: chart.kind === "line" ? "line" : "bar",
      stack: chart.kind === "stacked" ? "all" : undefined,
      barMaxWidth: 28,
      symbolSize: 6,
      cursor: chart.links || one.urls ? "pointer" : "default",
      itemStyle: chart.kind === "line" || chart.kind === "stacked" ? {} : { borderRadius: across ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      label: { show: across, position: "right", color: ink, fontSize: size, formatter: ({ value }) => (value ?? "—").toLocaleString() },
    })),
  };
}

function draw(box) {
  let chart = JSON.parse(box.dataset.chart);
  const picture = window.echarts.getInstanceByDom(box) || window.echarts.init(box, null, { renderer: "canvas" });
  const show = () => picture.setOption(option(chart), true);
  show();
  picture.on("click", (event) => {
    const url = chart.series[event.seriesIndex]?.urls?.[event.dataIndex] || chart.links?.[event.name];
    if (url) window.location.assign(url);
  });
  // Another script may put new numbers into data-chart and say so.
  box.addEventListener("chart-data", () => { chart = JSON.parse(box.dataset.chart); show(); });
  new ResizeObserver(() => picture.resize()).observe(box);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  if (chart.url) {
    const refresh = async () => {
      const answer = await fetch(chart.url, { headers: { Accept: "application/json" } });
      if (answer.ok) { chart = { ...chart, ...await answer.json() }; show(); }
    };
    setInterval(() => { if (!document.hidden) refresh().catch(() => {}); }, (chart.every || 30) * 1000);
  }
}

const start = (root) => root.querySelectorAll("[data-chart]").forEach(draw);
start(document);
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
