// Draws every chart of the page, follows the reader's colour scheme, and redraws for paper.
const CANVAS_FROM = 6000;
const PAPER_WIDTH = 680;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const specs = JSON.parse(document.getElementById("charts").textContent);

const charts = specs.map((spec) => {
  const element = document.getElementById(spec.id);
  const renderer = spec.points > CANVAS_FROM ? "canvas" : "svg";
  const chart = echarts.init(element, null, { renderer });
  chart.setOption(spec.light);
  return { chart, spec, element };
});

function paint(isDark) {
  for (const { chart, spec } of charts) chart.setOption(isDark ? spec.dark : spec.bright);
}

function fit() {
  for (const { chart } of charts) chart.resize({ width: "auto", height: "auto" });
}

if (dark.matches) paint(true);
dark.addEventListener("change", (event) => paint(event.matches));
new ResizeObserver(fit).observe(document.body);
window.addEventListener("beforeprint", () => {
  paint(false);
  for (const { chart } of charts) chart.resize({ width: PAPER_WIDTH, height: "auto" });
});
window.addEventListener("afterprint", () => {
  paint(dark.matches);
  fit();
});
document.documentElement.dataset.drawn = String(charts.length);
