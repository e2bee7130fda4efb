import type { Row } from "@dsbm/runs";
import type { HistoryPart } from "../../shared/api.js";
import type { Values } from "./chart.js";

/** The horizontal axis of curves over half-iterations: places, marks and the text of a place. */
export interface Axis {
  x: number[];
  marks: { x: number; label: string }[];
  /**
   * The position of a step of a half-iteration; the half-iteration itself if there are no training
   * curves.
   */
  place(half: number, step: unknown): number;
}

/** The axis of steps. Half-iterations follow each other, each from the last step of the one before. */
export function axisOf({ half, step, direction }: HistoryPart): Axis {
  const offsets = new Map<number, number>();
  const marks: Axis["marks"] = [];
  let end = 0;
  let offset = 0;
  let last = Number.NaN;
  const x = step.map((at, i) => {
    const now = half[i];
    if (now !== last) {
      offset = end;
      offsets.set(now, offset);
      marks.push({ x: offset, label: `${now} ${direction[i]}` });
      last = now;
    }
    end = offset + at;
    return end;
  });
  const place = (n: number, at: unknown) =>
    x.length > 0 ? (offsets.get(n) ?? end) + (typeof at === "number" ? at : 0) : n;
  return { x, marks, place };
}

/** The evaluations of one direction that have the metric, as [place on the axis, row]. */
export function evaluationsOf(
  results: readonly Row[],
  { axis, metric, direction }: { axis: Axis; metric: string; direction: string },
): [x: number, row: Row][] {
  return results.flatMap((row): [number, Row][] => {
    const { half_iteration: half, step } = row;
    if (typeof half !== "number" || typeof row[metric] !== "number") return [];
    return row.direction === direction ? [[axis.place(half, step), row]] : [];
  });
}

/** CurvePoints of a curve in the order of x; null: no finite value. */
export type CurvePoints = readonly (readonly [x: number, value: number | null])[];

/** Curves over one axis. A curve continues over missing points (undefined), and has a gap from a null to its next value. */
export function align(curves: readonly CurvePoints[]): { x: number[]; ys: Values[] } {
  const maps = curves.map((points) => new Map(points));
  const x = [...new Set(maps.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  const valuesOf = (points: ReadonlyMap<number, number | null>) => {
    let last: number | null | undefined;
    return x.map((at) => {
      const value = points.get(at);
      if (value !== undefined) last = value;
      // A missing point within a gap would be drawn as a piece of a line.
      return last === null ? null : value;
    });
  };
  return { x, ys: maps.map((points) => valuesOf(points) as Values) };
}

/** The share of the earlier average. */
const weight = 0.9;

/** An exponential average without the bias of its start, restarted at each half-iteration. */
export function smoothValues({ half }: HistoryPart, values: Values): Values {
  let average = 0;
  let share = 1;
  return values.map((value, i) => {
    if (half[i] !== half[i - 1]) {
      average = 0;
      share = 1;
    }
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    share *= weight;
    return average / (1 - share);
  });
}
