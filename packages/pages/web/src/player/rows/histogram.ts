import { h } from "../dom.js";
import { momentsText, quantilesOf, rangeOf, short } from "../numbers.js";

const width = 260;
const height = 110;
const base = 92;
const bins = { least: 6, most: 26 };

export interface Column {
  name: string;
  values: Float32Array;
  others: Float32Array | null;
  typed: number;
}

function summary(values: Float32Array): string {
  if (values.length === 1) return short(values[0]);
  const at = quantilesOf(values);
  return `${momentsText(values)}, 90 % from ${short(at(0.05))} to ${short(at(0.95))}`;
}

export function histogram({ name, values, others, typed }: Column): HTMLElement {
  const text = summary(values);
  const all = [values, others ?? values, Float32Array.of(typed)];
  const [low, high] = rangeOf(all, { without: 0.003, margin: 0 });
  const x = (value: number) => ((value - low) / (high - low)) * width;
  const rows = Math.min(values.length, others?.length ?? values.length);
  // Rice's rule, as in reports.
  const count = Math.max(bins.least, Math.min(bins.most, Math.round(2 * Math.cbrt(rows))));
  const heights = (some: Float32Array) => {
    const shares = Array.from({ length: count }, () => 0);
    for (const value of some) {
      const bin = Math.min(count - 1, Math.floor((x(value) / width) * count));
      if (bin >= 0) shares[bin] = shares[bin] + 1 / some.length;
    }
    return shares;
  };
  const own = heights(values);
  const rest = others && heights(others);
  const top = Math.max(...own, ...(rest ?? []));
  const y = (share: number) => base - (share / top) * (base - 6);
  const step = width / count;
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
  const outline = rest?.map((share, i) => `V${y(share)}H${(i + 1) * step}`).join("");
  const line = (kind: string, d: string, extra: Record<string, string>) =>
    shape("path", { class: kind, fill: "none", stroke: "currentColor", d, ...extra });
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
  svg.append(...bars);
  if (outline)
    svg.append(line("c-target", `M0,${base}${outline}V${base}`, { "stroke-width": "1.8" }));
  const dashes = { "stroke-width": "2", "stroke-dasharray": "4 3" };
  svg.append(line("c-source", `M${x(typed)},2V${base}`, dashes), ...labels);
  return h("figure", {}, h("figcaption", {}, h("b", {}, name), text), svg);
}

function shape(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
