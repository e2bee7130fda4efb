import type { CategoryBlock } from "@dsbm/data";
import type { ConditionGroup } from "@dsbm/evaluation";
import { type Points, pickIndexes } from "@dsbm/runs";
import { cat, type Tensor, tensor, tidy } from "@dsbm/torch";

/** Maximum numbers of points, paths, times of a path, bins and columns in the figures of a run. */
const mostIn = {
  points: 400,
  paths: 40,
  times: 17,
  bins: 30,
  columns: 24,
  conditionPoints: 200,
  weights: 3,
};
const fewestBins = 6;

/** Source rows and generated samples row by row, and data of the target, [n, d]. */
export interface BridgedVectors {
  direction: "f" | "b";
  sourceRows: Tensor;
  generatedRows: Tensor;
  targetRows: Tensor;
  path: { states: Tensor; times: readonly number[] };
  /**
   * Data of intermediate times [m, d] in the order of the direction, and the generated samples
   * there [n, d].
   */
  between?: readonly { name: string; time: number; data: Tensor; generated: Tensor }[];
  /**
   * Directions [d, 2] to project on and their shares of the variance; null: the first one or two
   * columns.
   */
  axes: { basis: Tensor; explained: readonly number[] } | null;
  /** Whether the coordinates are columns, whose names components take (default: no). */
  areColumns?: boolean;
  /** Categories among the columns, and rows [n, d] with 1 in the column of their level (default: none). */
  categories?: readonly CategoryBlock[];
  leveled?(x: Tensor, end: "start" | "end"): Tensor;
  /** Indexes of the rows of each class or range of the condition (default: none). */
  conditions?: readonly Pick<ConditionGroup, "label" | "generated" | "data">[];
}

/** The points of figures from rows [n, d] in the units of networks. */
export function pointsOf(vectors: BridgedVectors): Points {
  const {
    direction,
    sourceRows: start,
    generatedRows: end,
    targetRows: data,
    path,
    between = [],
    axes,
  } = vectors;
  return tidy(() => {
    const [n, d] = end.shape as [number, number];
    const [source, target] = direction === "f" ? [start, data] : [data, start];
    const k = d === 1 ? 1 : 2;
    const place = placeIn(vectors);
    const first = (x: Tensor, count: number) => x.narrow(0, 0, Math.min(count, x.size(0)));
    const sample = (x: Tensor) => roundedNumbers(place(first(x, mostIn.points)));
    const times = pickIndexes(path.times.length, mostIn.times);
    const states = times.map((t) =>
      roundedNumbers(place(first(path.states.select(0, t), mostIn.paths))),
    );
    const worst = worstColumns(vectors).slice(0, mostIn.columns);
    const indexes = tensor(worst, { dtype: "int64" });
    const sets = { source, target, generated: end };
    const some = Object.values(sets).map((x) => x.indexSelect(1, indexes).t().contiguous());
    return {
      n,
      dim: d,
      rows: { source: source.size(0), target: target.size(0), generated: n },
      plane: {
        k,
        explained: axes?.explained.slice(0, 2) ?? null,
        ...(axes && vectors.areColumns && { weights: largestWeights(basisOf(vectors)) }),
        source: sample(source),
        target: sample(target),
        generated: sample(end),
        path: { times: times.map((t) => path.times[t]), states },
        between: between.map((one) => ({
          name: one.name,
          time: one.time,
          data: sample(one.data),
          generated: sample(one.generated),
        })),
      },
      histograms: worst.map((column, i) => ({
        column,
        ...histogram(some.map((x) => x.select(0, i).toNumbers()) as [number[], number[], number[]]),
      })),
      categories: categoryShares(vectors),
      conditions: conditionPoints(vectors, (x) => roundedNumbers(place(x))),
    };
  });
}

/** Coordinates of rows [n, d] in the plane of a figure, [n, 1] or [n, 2]. */
export function placeIn(vectors: PlacedVectors): (x: Tensor) => Tensor {
  const basis = basisOf(vectors);
  return (x) => (basis ? x.matmul(basis) : x.narrow(1, 0, x.size(1) === 1 ? 1 : 2));
}

type PlacedVectors = Pick<BridgedVectors, "direction" | "sourceRows" | "targetRows" | "axes">;

/** The components [d, 2]: their signs point from source to target, whatever the direction, rows or units. */
function basisOf({
  direction,
  sourceRows: start,
  targetRows: data,
  axes,
}: PlacedVectors): Tensor | null {
  if (!axes) return null;
  const [source, target] = direction === "f" ? [start, data] : [data, start];
  const way = target.mean(0).sub(source.mean(0));
  return axes.basis.mul(way.matmul(axes.basis).ge(0).to(axes.basis.dtype).mul(2).sub(1));
}

/** The columns of the largest weights of each component, the largest first. */
function largestWeights(basis: Tensor | null): NonNullable<Points["plane"]["weights"]> {
  const components = basis?.t().contiguous().unbind(0) ?? [];
  return components.map((component) =>
    roundedNumbers(component)
      .map((weight, column) => ({ column, weight }))
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
      .slice(0, mostIn.weights),
  );
}

/** Points of the rows of each class or range of the condition; none on a line. */
function conditionPoints(
  {
    direction,
    sourceRows: start,
    generatedRows: end,
    targetRows: data,
    conditions = [],
  }: BridgedVectors,
  pointsIn: (x: Tensor) => number[],
): Points["conditions"] {
  if (end.size(1) === 1) return [];
  const rowsAt = (x: Tensor, places: readonly number[]) =>
    pointsIn(x.indexSelect(0, tensor(places.slice(0, mostIn.conditionPoints), { dtype: "int64" })));
  return conditions.map(({ label, generated: own, data: ofData }) => {
    const ofStart = rowsAt(start, own);
    const ofGoal = rowsAt(data, ofData);
    const [source, target] = direction === "f" ? [ofStart, ofGoal] : [ofGoal, ofStart];
    return { label, source, target, generated: rowsAt(end, own) };
  });
}

/** Shares of rows in each level of each category. */
function categoryShares({
  direction,
  sourceRows: start,
  generatedRows: end,
  targetRows: data,
  categories = [],
  leveled = (x) => x,
}: BridgedVectors): Points["categories"] {
  if (categories.length === 0) return [];
  const rows = [leveled(start, "start"), leveled(data, "end"), leveled(end, "end")];
  return categories.slice(0, mostIn.columns).map(({ name, levels, first }) => {
    const [ofStart, ofData, generated] = rows.map((x) => {
      const codes = x.narrow(1, first, levels.length).argmax({ dim: 1 }).toNumbers();
      return levels.map((_, k) =>
        toFiveDigits(codes.filter((code) => code === k).length / codes.length),
      );
    });
    const [source, target] = direction === "f" ? [ofStart, ofData] : [ofData, ofStart];
    return { name, levels: [...levels], source, target, generated };
  });
}

/** By their distance in deviations, without constant columns and levels of categories. */
function worstColumns({
  sourceRows: start,
  generatedRows: end,
  targetRows: data,
  categories = [],
}: BridgedVectors): number[] {
  const levels = new Set(categories.flatMap((one) => one.levels.map((_, k) => one.first + k)));
  const n = Math.min(end.size(0), data.size(0));
  const sorted = (x: Tensor) => x.narrow(0, 0, n).sort({ dim: 0 })[0];
  const apart = sorted(end).sub(sorted(data)).abs().mean(0);
  const deviations = cat([start, data]).std({ dim: 0, correction: 0 }).toNumbers();
  const distances = apart.toNumbers().map((x, i) => x / deviations[i]);
  const size = (i: number) =>
    Number.isNaN(distances[i]) ? Number.POSITIVE_INFINITY : distances[i];
  const varying = distances.map((_, i) => i).filter((i) => deviations[i] !== 0 && !levels.has(i));
  return varying.sort((i, j) => size(j) - size(i) || i - j);
}

function histogram([source, target, generated]: [number[], number[], number[]]) {
  const ends = [source, target, generated].flatMap((values) => {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? [];
    return [at(0.005), at(0.995)].flat();
  });
  const least = Math.min(...ends);
  const greatest = Math.max(...ends);
  const rows = Math.min(source.length, target.length, generated.length);
  // Rice's rule: few rows have few bins.
  const bins = Math.max(fewestBins, Math.min(mostIn.bins, Math.round(2 * Math.cbrt(rows))));
  const isFlat = greatest - least <= 1e-4 * Math.max(Math.abs(least), Math.abs(greatest));
  const margin = isFlat ? Math.max(1e-3, 0.05 * Math.abs(least)) : 0;
  const [low, high] = [least - margin, greatest + margin].map(toFiveDigits) as [number, number];
  const shares = (values: readonly number[]) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) {
      const bin = Math.floor(((value - low) / (high - low)) * bins);
      if (!Number.isNaN(bin)) counts[Math.min(bins - 1, Math.max(0, bin))] += 1;
    }
    return counts.map((count) => toFiveDigits(count / Math.max(1, values.length)));
  };
  return {
    low,
    high,
    source: shares(source),
    target: shares(target),
    generated: shares(generated),
  };
}

/** The numbers of a tensor of any shape, to five digits. */
export const roundedNumbers = (x: Tensor): number[] => x.contiguous().toNumbers().map(toFiveDigits);
const toFiveDigits = (x: number): number => Number(x.toPrecision(5));
