import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { el } from "./dom.ts";

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

/**
 * What a chart shows. `values` only place the marks; `texts` are the exact figures, formatted by the server.
 * Read from `<script type="application/json">` inside the `.chart` element.
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
    tooltip: {
      trigger: "axis", confine: true, axisPointer: { type: "shadow", shadowStyle: { color: press, opacity: 0.5 } },
      backgroundColor: surface, borderColor: line, padding: [8, 12],
      formatter: (points: unknown) => tip(data, (points as { dataIndex: number }[])[0]?.dataIndex ?? 0),
      position: (point: [number, number], _p: unknown, _e: unknown, _r: unknown, size: { contentSize: [number, number]; viewSize: [number, number] }) =>
        [point[0] > size.viewSize[0] / 2 ? point[0] - size.contentSize[0] - 36 : point[0] + 36, 6],
    },
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

function tip(data: Data, at: number): HTMLElement {
  const row = (name: string, text: string, swatch?: string, head = false) =>
    el("div", head ? "head" : "", ...(swatch ? [el("span", swatch)] : []), el("span", "", name), el("span", "", text));
  const box = el("div", "chart-tip", row(data.labels[at] ?? "", data.totals[at] ?? "", undefined, true));
  for (const part of data.series) box.append(row(part.name, part.texts[at] ?? "", `sw sw-${part.color}`));
  if (data.line) box.append(row(data.line.name, data.line.texts[at] ?? ""));
  return box;
}

for (const place of document.querySelectorAll<HTMLElement>(".chart")) {
  const data = JSON.parse(place.querySelector("script")?.textContent ?? "{}") as Data;
  const chart = init(place);
  draw(chart, data);
  chart.getZr().on("click", (event) => {
    const at = chart.convertFromPixel({ xAxisIndex: 0 }, event.offsetX);
    const href = data.hrefs?.[at];
    if (href) location.assign(href);
  });
  new ResizeObserver(() => chart.resize()).observe(place);
  addEventListener("themechange", () => draw(chart, data));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(chart, data));
}
