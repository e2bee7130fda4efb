import type { Row } from "@dsbm/runs";
import { directions, type HistoryPart, type Results } from "../../shared/api.js";
import { type Axis, align, evaluationsOf, smoothValues } from "../chart/axis.js";
import type { Curve, Values } from "../chart/chart.js";
import { directionColor } from "../chart/theme.js";
import { directionNames } from "../lib/format.js";

const fewRows = 12;

/** The curves of one metric, forward and backward; `positive` keeps only values that have a logarithm. */
export function curvesOf(history: HistoryPart, metric: string, positive: boolean): Curve[] {
  const values = history.metrics[metric];
  if (!values) return [];
  const isOk = (v: number | null | undefined): v is number => v != null && (!positive || v > 0);
  return directions.flatMap((way) => {
    const of = (values: Values): Values =>
      values.map((v, i) => (history.direction[i] === way && isOk(v) ? v : null));
    const raw = of(values);
    if (raw.every((v) => v === null)) return [];
    const color = directionColor[way];
    const label = directionNames[way];
    const dash = way === "b" ? [7, 3] : [];
    const points = raw.filter((v) => v !== null).length <= fewRows;
    return [
      { label: `${label} raw`, y: raw, color, raw: true },
      { label, y: smoothValues(history, raw), color, dash, points },
    ];
  });
}

/** The evaluations of one metric over the same axis, each direction with its reference by name. */
export function evaluationCurves(
  results: readonly Row[],
  {
    column: metric,
    reference,
    referenceName,
    axis,
  }: Pick<Results["references"][number], "column" | "reference" | "referenceName"> & { axis: Axis },
): { x: number[]; curves: Curve[] } {
  const parts = directions.flatMap((direction) => {
    const rows = evaluationsOf(results, { axis, metric, direction });
    const points = (column: string) =>
      rows.flatMap(([x, row]): [number, number][] => {
        const value = row[column];
        return typeof value === "number" ? [[x, value]] : [];
      });
    const color = directionColor[direction];
    const label = directionNames[direction];
    const curve = { label, color, points: true };
    const floor = {
      label: `${label}, ${referenceName}`,
      color,
      dash: [3, 4],
      points: rows.length === 1,
    };
    return [
      { points: points(metric), curve },
      { points: points(reference ?? ""), curve: floor },
    ].filter((part) => part.points.length > 0);
  });
  const { x, ys } = align(parts.map(({ points }) => points));
  return { x, curves: parts.map(({ curve }, i) => ({ ...curve, y: ys[i] })) };
}
