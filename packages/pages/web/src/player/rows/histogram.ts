// The images of a row in a column, next to the samples of that end.
import { h, short } from "../dom.js";

const width = 260;
const height = 110;
const base = 92;
const bins = 26;

export interface Column {
  name: string;
  values: Float64Array;
  others: Float64Array | null;
  typed: number;
}

function summary(values: Float64Array): string {
  const sorted = values.slice().sort();
  if (sorted.length === 1) return short(sorted[0] as number);
  const mean = sorted.reduce((a, x) => a + x, 0) / sorted.length;
  const deviation = Math.sqrt(sorted.reduce((a, x) => a + (x - mean) ** 2, 0) / sorted.length);
  const at = (q: number) => short(sorted[Math.round(q * (sorted.length - 1))] as number);
  return `${short(mean)} ± ${short(deviation)}, 90 % from ${at(0.05)} to ${at(0.95)}`;
}

export function histogram({ name, values, others, typed }: Column): HTMLElement {
  const text = summary(values);
  const [low, high] = rangeOf([values, others ?? values, Float64Array.of(typed)]);
  const x = (value: number) => ((value - low) / (high - low)) * width;
  const own = heights(values, low, high);
  const rest = others && heights(others, low, high);
  const top = Math.max(...own, ...(rest ?? []));
  const y = (share: number) => base - (share / top) * (base - 6);
  const step = width / bins;
  const bars = own.map((share, i) =>
    shape("rect", {
      class: "c-generated",
      fill: "currentColor",
      x: i * step + 0.5,
      width: step - 1,
      y: y(share),
      height: base - y(share),
      "fill-opacity": 0.75,
    }),
  );
  const outline =
    rest &&
    shape("path", {
      class: "c-target",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.8,
      d: `M0,${base}${rest.map((share, i) => `V${y(share)}H${(i + 1) * step}`).join("")}V${base}`,
    });
  const line = shape("path", {
    class: "c-source",
    stroke: "currentColor",
    "stroke-width": 2,
    "stroke-dasharray": "4 3",
    d: `M${x(typed)},2V${base}`,
  });
  const labels = [low, high].map((value, i) => {
    const label = shape("text", {
      x: i * width,
      y: height - 4,
      "text-anchor": i ? "end" : "start",
    });
    label.textContent = short(value);
    return label;
  });
  const svg = shape("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `Images in ${name}: ${text}`,
  });
  svg.append(...bars, ...(outline ? [outline] : []), line, ...labels);
  return h("figure", {}, h("figcaption", {}, h("b", { title: name }, name), text), svg);
}

function heights(values: Float64Array, low: number, high: number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    const k = Math.min(bins - 1, bin);
    if (k >= 0) counts[k] = (counts[k] as number) + 1 / values.length;
  }
  return counts;
}

/** Without the farthest of many values. */
function rangeOf(all: readonly Float64Array[]): [number, number] {
  const ends = all.map((values) => {
    const sorted = values.slice().sort();
    const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))] as number;
    return [at(0.003), at(0.997)] as const;
  });
  const low = Math.min(...ends.map(([a]) => a));
  const high = Math.max(...ends.map(([, b]) => b));
  return high > low ? [low, high] : [low - 1, high + 1];
}

function shape<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
