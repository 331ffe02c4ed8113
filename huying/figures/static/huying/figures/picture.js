// A chart as a picture to put into a paper: what the page shows, on white, twice as fine.
for (const box of document.querySelectorAll("[data-picture]")) {
  const canvas = box.querySelector("[data-chart]");
  const words = document.documentElement.lang.startsWith("en") ? "Picture (PNG)" : "存为图片（PNG）";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet figure-picture";
  button.textContent = words;
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
