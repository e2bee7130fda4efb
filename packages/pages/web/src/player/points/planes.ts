import type { Samples } from "../../bridge/bridge.js";
import { columnOf, momentsOf } from "../numbers.js";
import type { ViewContext } from "../view.js";

export interface Coordinate {
  name: string;
  of(samples: Samples): Float32Array;
}

/** Two components if there are more than two columns, then columns. */
export function coordinatesOf(
  names: readonly string[],
  samples: ViewContext["samples"],
): Coordinate[] {
  const columns = names.map((name, k) => ({ name, of: (some: Samples) => columnOf(some, k) }));
  const known = [samples.f, samples.b].filter((some) => some !== null);
  if (names.length < 3 || known.length === 0) return columns;
  return [...components(names.length, known), ...columns];
}

/** Columns side by side, of a part of the rows. */
function columnsOf(d: number, known: readonly Samples[]): Float32Array[] {
  const most = Math.min(1000, Math.ceil(4e5 / d));
  return Array.from({ length: d }, (_, k) => {
    const parts = known.map((samples) => {
      const values = columnOf(samples, k);
      const step = Math.max(1, Math.floor(values.length / most));
      return [...values].filter((_, i) => i % step === 0);
    });
    return Float32Array.from(parts.flat());
  });
}

function components(d: number, known: readonly Samples[]): Coordinate[] {
  const columns = columnsOf(d, known);
  const moments = columns.map(momentsOf);
  const means = moments.map(({ mean }) => mean);
  const deviations = moments.map(({ deviation }) => deviation || 1);
  const scaled = columns.map((values, k) =>
    values.map((x) => (x - (means[k] as number)) / (deviations[k] as number)),
  );
  const [source, target] = known;
  // Components lead from source to target, as in a report.
  const way = deviations.map((deviation, k) => {
    if (!source || !target) return 1;
    const shift = momentsOf(columnOf(target, k)).mean - momentsOf(columnOf(source, k)).mean;
    return shift / deviation;
  });
  const first = axisOf(scaled, { way, before: null });
  const axes = [first, axisOf(scaled, { way, before: first })];
  return axes.map((axis, c) => {
    const weights = axis.map((x, k) => x / (deviations[k] as number));
    const centre = dot(weights, means);
    return {
      name: `component ${c + 1}`,
      of: ({ data, shape: [n = 0] }) =>
        Float32Array.from(
          { length: n },
          (_, i) => dot(weights, data.subarray(i * d, (i + 1) * d)) - centre,
        ),
    };
  });
}

/** The direction of the largest variance, by powers of the covariance. */
function axisOf(
  columns: readonly Float32Array[],
  { way, before }: { way: readonly number[]; before: readonly number[] | null },
): number[] {
  let axis = columns.map((_, k) => Math.cos(1 + 2 * k));
  for (let turn = 0; turn < 60; turn++) {
    const scores = new Float64Array(columns[0]?.length ?? 0);
    for (const [k, values] of columns.entries())
      for (let i = 0; i < scores.length; i++)
        scores[i] = (scores[i] as number) + (axis[k] as number) * (values[i] as number);
    const next = columns.map((values) => dot(values, scores));
    const along = before ? dot(next, before) : 0;
    const across = next.map((x, k) => x - along * (before?.[k] ?? 0));
    const length = Math.sqrt(dot(across, across)) || 1;
    axis = across.map((x) => x / length);
  }
  return dot(axis, way) < 0 ? axis.map((x) => -x) : axis;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}
