import type { Markish, ScaleOptions } from "@observablehq/plot";
import type { Panel } from "./panel.js";
import { drawPanel, loadPlot, planeSize } from "./plot.js";
import type { AxisUnits, Plane } from "./points.js";
import { shortened, tickText } from "./svg.js";

export interface Place {
  x: number;
  y: number;
}

export type Domain = [number, number];

export interface Domains {
  x: Domain;
  y: Domain;
}

/** Coordinates, labels and ranges of a plane. */
export function planeAxes(
  { explained, between, source, target, generated }: Plane,
  { units }: { units: AxisUnits },
) {
  const value = (axis: number, x = Number.NaN) => (explained ? x : units.value(axis, x));
  const label = (axis: number) => {
    const share = explained?.[axis];
    if (share === undefined) return units.name(axis);
    return `component ${axis + 1} (${Math.round(100 * share)} % of the variance)`;
  };
  const placesOf = (flat: readonly number[], isWhole = true): Place[] =>
    Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => ({
      x: value(0, flat[2 * i]),
      y: value(1, flat[2 * i + 1]),
    })).filter(({ x, y }) => !isWhole || (Number.isFinite(x) && Number.isFinite(y)));
  const steps = between.flatMap((one) => [one.data, one.generated]);
  const groups = [source, target, generated, ...steps].map((flat) => placesOf(flat));
  return { value, label, placesOf, domains: domainsOf(groups, explained !== null) };
}

export async function frame(
  title: string,
  marks: Markish[],
  labels: { x: string; y: string },
  domains: Domains,
  color: ScaleOptions = {},
): Promise<Panel> {
  const plot = await loadPlot();
  const axis = { ticks: 5, tickFormat: tickText };
  return drawPanel({
    ...planeSize,
    title,
    color,
    marginLeft: 68,
    x: { ...axis, domain: domains.x, label: shortened(labels.x, 34), labelOffset: 36 },
    y: { ...axis, domain: domains.y, label: shortened(labels.y, 34), labelOffset: 66 },
    marks: [plot.frame({ stroke: "#bbbbbb" }), ...marks],
  });
}

export function middle(groups: readonly number[][]): Domain {
  const edges = groups.flatMap((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return [0.01, 0.99].flatMap((share) => sorted[Math.round(share * (sorted.length - 1))] ?? []);
  });
  const [low, high] = edges.length > 0 ? [Math.min(...edges), Math.max(...edges)] : [0, 1];
  const margin = 0.06 * (high - low) || Math.max(0.05 * Math.abs(low), 1e-6);
  return [low - margin, high + margin];
}

function domainsOf(groups: readonly Place[][], isSame: boolean): Domains {
  const x = middle(groups.map((group) => group.map((place) => place.x)));
  const y = middle(groups.map((group) => group.map((place) => place.y)));
  const width = x[1] - x[0];
  const height = y[1] - y[0];
  const most = Math.max(width, height);
  if (!isSame && most > 2 * Math.min(width, height)) return { x, y };
  const around = ([a, b]: Domain): Domain => [(a + b - most) / 2, (a + b + most) / 2];
  return { x: around(x), y: around(y) };
}
