import { arange, cat, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { stream } from "../../core/random.js";
import { comparable } from "./wasserstein.js";

/**
 * The sliced 2-Wasserstein distance of samples x [n, …] and y [m, …], in units of x: the root of W₂²(θ·x, θ·y) averaged
 * over random unit θ (Bonneel 2015).
 */
export function slicedWasserstein(
  x: Tensor,
  y: Tensor,
  { directions = 128, seed = 0 }: { directions?: number; seed?: number } = {},
): number {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    const generator = stream(seed, "metric/directions");
    const dim = a.size(1);
    // Drawing would take most of the time in double precision.
    const dtype = dim > 2 ** 16 ? "float32" : "float64";
    const costs = lineCosts(a, b, {
      p: 2,
      lines: directions,
      // Bounds the memory of large images.
      beside: dim,
      along(_, length) {
        const theta = randn([length, dim], { generator, dtype }).to("float64");
        const lengths = theta.square().sum(1).sqrt();
        return (points) => points.mm(theta.t()).div(lengths);
      },
    });
    return Math.sqrt(costs.reduce((sum, cost) => sum + cost, 0) / directions);
  });
}

/** The p-Wasserstein distance of each column of x [n, …] and y [m, …] (default p = 1), in the column's units. */
export function columnWasserstein(x: Tensor, y: Tensor, { p = 1 }: { p?: 1 | 2 } = {}): number[] {
  return tidy(() => {
    const [a, b] = comparable(x, y);
    return lineCosts(a, b, {
      p,
      lines: a.size(1),
      along: (start, length) => (points) => points.narrow(1, start, length),
    }).map((cost) => cost ** (1 / p));
  });
}

interface Lines {
  p: 1 | 2;
  lines: number;
  beside?: number;
  /** Points [n, d] along the lines [start, start + length): [n, length], in order. */
  along(start: number, length: number): (points: Tensor) => Tensor;
}

function lineCosts(x: Tensor, y: Tensor, { p, lines, beside = 0, along }: Lines): number[] {
  const n = x.size(0);
  const m = y.size(0);
  const { at, weights } = quantileSteps(n, m);
  const atOnce = Math.max(1, Math.floor(2 ** 22 / (n + m + beside)));
  const costs: number[] = [];
  for (let start = 0; start < lines; start += atOnce)
    tidy(() => {
      const some = along(start, Math.min(atOnce, lines - start));
      const quantiles = (points: Tensor, index: Tensor) =>
        some(points).t().contiguous().sort()[0].indexSelect(1, index);
      const gap = quantiles(x, at.x).sub(quantiles(y, at.y)).abs();
      costs.push(...(p === 2 ? gap.square() : gap).mv(weights).toNumbers());
    });
  return costs;
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
