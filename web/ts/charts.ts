import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

/**
 * What a chart shows. `values` only place the marks; `texts` are the exact figures, formatted by the server.
 * Read from `<script type="application/json">` inside the `.chart` element. The `.legend` beside it shows the figures of the
 * label under the pointer: its `[data-at]`, then one `[data-figure]` for the total, each series and the line.
 */
interface Data {
  labels: string[];
  /** `color` is the number of a chart colour in tokens.css, 1 to 6. */
  series: { name: string; color: number; values: number[]; texts: string[] }[];
  totals: string[];
  line?: { name: string; values: number[]; texts: string[] };
  /** Where a click on each label leads. */
  hrefs?: string[];
}

/** A colour role of tokens.css, resolved for the theme in force. */
function role(name: string): string {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(--${name})`;
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

function draw(chart: ECharts, data: Data): void {
  const [fg, fg2, line, surface, press] = ["fg", "fg-2", "line", "surface", "press"].map(role) as [string, string, string, string, string];
  const font = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: fg2 };
  const compact = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
  const percent = (value: number) => `${value} %`;
  chart.setOption({
    animation: false,
    grid: { left: 8, right: 8, top: 14, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: { trigger: "axis", showContent: false, axisPointer: { type: "shadow", z: -1, shadowStyle: { color: press, opacity: 1 } } },
    xAxis: { type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { ...font, hideOverlap: true } },
    yAxis: [
      { type: "value", splitNumber: 3, splitLine: { lineStyle: { color: line, type: [3, 3] } }, axisLabel: { ...font, formatter: (v: number) => compact.format(v) } },
      { type: "value", show: data.line !== undefined, splitNumber: 3, min: 0, splitLine: { show: false }, axisLabel: { ...font, formatter: percent } },
    ],
    series: [
      ...data.series.map((part) => ({
        type: "bar", name: part.name, stack: "all", data: part.values, barWidth: "44%", barMaxWidth: 30,
        itemStyle: { color: role(`c${part.color}`), borderColor: surface, borderWidth: 0.75 }, emphasis: { disabled: true },
      })),
      ...(data.line ? [{
        type: "line", name: data.line.name, data: data.line.values, yAxisIndex: 1, symbol: "circle", symbolSize: 6, z: 5,
        lineStyle: { color: fg, width: 1.75, shadowColor: surface, shadowBlur: 2 }, itemStyle: { color: surface, borderColor: fg, borderWidth: 1.75 }, emphasis: { disabled: true },
      }] : []),
    ],
  } as never, true);
}

/** Writes the figures of one label into the legend, where they hide nothing of the chart. */
function read(legend: Element | null | undefined, data: Data, at: number): void {
  const texts = [data.totals[at], ...data.series.map((part) => part.texts[at]), data.line?.texts[at]];
  const name = legend?.querySelector("[data-at]");
  if (name) name.textContent = data.labels[at] ?? "";
  legend?.querySelectorAll("[data-figure]").forEach((place, index) => (place.textContent = texts[index] ?? ""));
}

for (const place of document.querySelectorAll<HTMLElement>(".chart")) {
  const data = JSON.parse(place.querySelector("script")?.textContent ?? "{}") as Data;
  const chart = init(place);
  const legend = place.parentElement?.querySelector(".legend");
  draw(chart, data);
  chart.on("updateAxisPointer", (event) => {
    const at = (event as { axesInfo?: { value: number }[] }).axesInfo?.[0]?.value;
    read(legend, data, at ?? data.labels.length - 1);
  });
  chart.getZr().on("click", (event) => {
    const at = chart.convertFromPixel({ xAxisIndex: 0 }, event.offsetX);
    const href = data.hrefs?.[at];
    if (href) location.assign(href);
  });
  new ResizeObserver(() => chart.resize()).observe(place);
  addEventListener("themechange", () => draw(chart, data));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(chart, data));
}
