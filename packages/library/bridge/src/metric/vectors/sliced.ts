// One-dimensional Wasserstein distances, sliced or of columns, from sorted points; resamples need no further sorting.
import { arange, cat, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { stream } from "../../core/random.js";
import {
  type Estimate,
  intervalOf,
  type Resampling,
  repeatedBy,
  resampleCounts,
} from "./bootstrap.js";
import { comparable, type Order } from "./wasserstein.js";

interface Directions {
  directions?: number;
  seed?: number;
}

/**
 * The sliced p-Wasserstein distance of samples x [n, …] and y [m, …], in units of x: W_p^p(θ·x, θ·y) averaged over
 * random unit θ, to the power 1/p (Bonneel 2015).
 */
export function slicedWasserstein(x: Tensor, y: Tensor, options: Order & Directions = {}): number {
  return sliced(x, y, options, null)[0] as number;
}

/** `slicedWasserstein` with its bootstrap interval. */
export function slicedEstimate(
  x: Tensor,
  y: Tensor,
  options: Order & Directions & Resampling = {},
): Estimate {
  const [value, ...resampled] = sliced(x, y, options, options) as [number, ...number[]];
  return intervalOf(value, resampled, { least: 0 });
}

function sliced(
  x: Tensor,
  y: Tensor,
  { p = 2, directions = 128, seed = 0 }: Order & Directions,
  resampling: Resampling | null,
): number[] {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    const generator = stream(seed, "metric/directions");
    const dim = a.size(1);
    // Drawing would take most of the time in double precision.
    const dtype = dim > 2 ** 16 ? "float32" : "float64";
    const costs = lineCosts(a, b, {
      p,
      resampling,
      lines: directions,
      // Bounds the memory of large images.
      beside: dim,
      along(_, length) {
        const theta = randn([length, dim], { generator, dtype }).to("float64");
        const lengths = theta.square().sum(1).sqrt();
        return (points) => points.mm(theta.t()).div(lengths);
      },
    });
    return costs.map((line) => (line.reduce((sum, cost) => sum + cost, 0) / directions) ** (1 / p));
  });
}

/** The p-Wasserstein distance of each column of x [n, …] and y [m, …] (default p = 1), in the column's units. */
export function columnWasserstein(x: Tensor, y: Tensor, options: Order = {}): number[] {
  return columns(x, y, options, null)[0] as number[];
}

/** `columnWasserstein` with an interval for each column. */
export function columnEstimates(
  x: Tensor,
  y: Tensor,
  options: Order & Resampling = {},
): Estimate[] {
  const [values, ...resampled] = columns(x, y, options, options) as [number[], ...number[][]];
  return values.map((value, k) =>
    intervalOf(
      value,
      resampled.map((line) => line[k] as number),
      { least: 0 },
    ),
  );
}

function columns(
  x: Tensor,
  y: Tensor,
  { p = 1 }: Order,
  resampling: Resampling | null,
): number[][] {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    const costs = lineCosts(a, b, {
      p,
      resampling,
      lines: a.size(1),
      along: (start, length) => (points) => points.narrow(1, start, length),
    });
    return costs.map((line) => line.map((c) => c ** (1 / p)));
  });
}

interface Lines {
  p: 1 | 2;
  resampling: Resampling | null;
  lines: number;
  beside?: number;
  /** Points [n, d] along the lines [start, start + length): [n, length], in order. */
  along(start: number, length: number): (points: Tensor) => Tensor;
}

function lineCosts(
  x: Tensor,
  y: Tensor,
  { p, resampling, lines, beside = 0, along }: Lines,
): number[][] {
  const n = x.size(0);
  const m = y.size(0);
  const { at, weights } = quantileSteps(n, m);
  const counts = resampling && {
    x: resampleCounts(n, { ...resampling, purpose: "x" }),
    y: resampleCounts(m, { ...resampling, purpose: "y" }),
  };
  const repeats = counts ? counts.x.size(0) : 0;
  const atOnce = Math.max(1, Math.floor(2 ** 22 / (n + m + beside)));
  const costs: number[][] = Array.from({ length: repeats + 1 }, () => []);
  for (let start = 0; start < lines; start += atOnce)
    tidy(() => {
      const some = along(start, Math.min(atOnce, lines - start));
      const sorted = (points: Tensor) => some(points).t().contiguous().sort();
      const [u, ofU] = sorted(x);
      const [v, ofV] = sorted(y);
      const costOf = (a: Tensor, b: Tensor) => {
        const gap = a.indexSelect(1, at.x).sub(b.indexSelect(1, at.y)).abs();
        return (p === 2 ? gap.square() : gap).mv(weights).toNumbers();
      };
      costs[0]?.push(...costOf(u, v));
      for (let k = 0; counts && k < repeats; k++)
        costs[k + 1]?.push(
          ...tidy(() => costOf(repeated(u, ofU, counts.x, k), repeated(v, ofV, counts.y, k))),
        );
    });
  return costs;
}

function repeated(sorted: Tensor, order: Tensor, counts: Tensor, k: number): Tensor {
  const times = counts.select(0, k).indexSelect(0, order.flatten());
  return repeatedBy(sorted.flatten(), times).reshape(sorted.shape);
}

function quantileSteps(n: number, m: number): { at: { x: Tensor; y: Tensor }; weights: Tensor } {
  if (n === m) {
    const all = arange(0, n, { dtype: "int64" });
    return { at: { x: all, y: all }, weights: zeros([n], { dtype: "float64" }).add(1 / n) };
  }
  // In units of 1/(nm), so that equal breaks are exactly equal.
  const multiples = (count: number, step: number) =>
    arange(1, count + 1, { dtype: "int64" }).mul(step);
  const [ends] = cat([multiples(n, m), multiples(m, n)]).sort();
  const starts = cat([zeros([1], { dtype: "int64" }), ends.narrow(0, 0, n + m - 1)]);
  const rank = (step: number) => ends.sub(1).to("float64").div(step).floor().to("int64");
  const lengths = ends.sub(starts).to("float64");
  return { at: { x: rank(m), y: rank(n) }, weights: lengths.div(n * m) };
}
