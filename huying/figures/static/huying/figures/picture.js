// A chart as a picture to put into a paper: what the page shows, on white, twice as fine.
function offer(box) {
  const canvas = box.querySelector("[data-chart]");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet figure-picture";
  button.textContent = document.documentElement.lang.startsWith("en") ? "Picture (PNG)" : "存为图片（PNG）";
  button.addEventListener("click", () => {
    const chart = window.echarts?.getInstanceByDom(canvas);
    if (!chart) return;
    const link = document.createElement("a");
    link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#fff" });
    link.download = `${box.dataset.picture}.png`;
    link.click();
  });
  box.append(button);
}

const start = (root) => root.querySelectorAll("[data-picture]").forEach(offer);
start(document);
document.addEventListener("htmx:afterSwap", (event) => start(event.target));
