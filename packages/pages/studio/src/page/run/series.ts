// The curves of a run from its merged rows over the axis of steps: per direction the raw values, the band of what was merged
// and the smoothed curve.
import type { Cell, HistoryPart, RunDetail } from "../../shared/api.js";
import type { Axis } from "../chart/axis.js";
import type { Curve, Values } from "../chart/chart.js";
import { smooth } from "../chart/smooth.js";
import { directionColor } from "../chart/theme.js";

/** So few rows are drawn as points, too. */
const fewRows = 12;

/** The curves of one metric, forward and backward; `positive` leaves out what a logarithm has no place for. */
export function curvesOf(
  history: HistoryPart,
  metric: string,
  { weight, positive }: { weight: number; positive: boolean },
): Curve[] {
  const found = history.metrics[metric];
  if (!found) return [];
  const isOk = (v: number | null | undefined): v is number => v != null && (!positive || v > 0);
  return (["f", "b"] as const).flatMap((way) => {
    const of = (values: Values): Values =>
      values.map((v, i) => (history.direction[i] === way && isOk(v) ? v : null));
    const raw = of(found.mean);
    if (raw.every((v) => v === null)) return [];
    const color = directionColor[way];
    const label = way === "f" ? "forward" : "backward";
    const dash = way === "b" ? [7, 3] : [];
    const startsAt = (i: number) => history.half[i] !== history.half[i - 1];
    const isMerged = found.max.some((v, i) => v !== found.min[i]);
    const band = isMerged ? { band: { min: of(found.min), max: of(found.max) } } : {};
    const points = raw.filter((v) => v !== null).length <= fewRows;
    if (weight === 0) return [{ label, y: raw, color, dash, points, ...band }];
    return [
      { label: `${label} raw`, y: raw, color, raw: true, ...band },
      { label, y: smooth(raw, weight, startsAt), color, dash, points },
    ];
  });
}

/** The evaluations of one metric over the same axis, each direction with its reference. */
export function evaluationCurves(
  { columns, rows }: RunDetail["results"],
  { metric, reference, axis }: { metric: string; reference: string | null; axis: Axis },
): { x: number[]; curves: Curve[] } {
  const at = (row: Cell[], name: string) => row[columns.indexOf(name)] ?? null;
  const points = rows.flatMap((row) => {
    const [half, step, direction] = ["half_iteration", "step", "direction"].map((n) => at(row, n));
    const value = at(row, metric);
    if (typeof half !== "number" || typeof value !== "number") return [];
    const x = axis.place(half, step);
    const beside = reference === null ? null : at(row, reference);
    return [{ x, direction, value, beside: typeof beside === "number" ? beside : null }];
  });
  const x = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const curves = (["f", "b"] as const).flatMap((way): Curve[] => {
    const own = points.filter((point) => point.direction === way);
    if (own.length === 0) return [];
    const values = (of: (point: (typeof own)[number]) => number | null) => {
      const found = new Map(own.map((point) => [point.x, of(point)]));
      return joined(x.map((place) => found.get(place) ?? null));
    };
    const label = way === "f" ? "forward" : "backward";
    const color = directionColor[way];
    const floor = values(({ beside }) => beside);
    return [
      { label, color, points: true, y: values(({ value }) => value) },
      ...(floor.some((v) => v !== null)
        ? [
            {
              label: `${label} ${reference}`,
              color,
              y: floor,
              dash: [3, 4],
              points: own.length === 1,
            },
          ]
        : []),
    ];
  });
  return { x, curves };
}

function joined(values: Values): Values {
  const known = values.flatMap((v, i) => (v === null ? [] : [i]));
  return values.map((v, i) => {
    if (v !== null) return v;
    const after = known.find((k) => k > i);
    const before = known.findLast((k) => k < i);
    // undefined: uPlot draws through it; null: a gap.
    return after === undefined || before === undefined ? null : (undefined as unknown as null);
  });
}
