// Tables of Gaussians whose sample moments are exact, so that no check waits for large samples.
import { Generator, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Axis } from "./law.js";

/** A problem: means and variances of source and target along common axes. */
export interface GaussianProblem {
  axes: readonly Axis[];
  means: { source: readonly number[]; target: readonly number[] };
  /** The angle between the axes and the columns. */
  angle: number;
}

/** Two columns that depend on each other, other variances and other means at both ends. */
export const plane: GaussianProblem = {
  axes: [
    { source: 1.2, target: 0.7 },
    { source: 0.6, target: 1.1 },
  ],
  means: { source: [-1, 0], target: [1, 0.5] },
  angle: 0.5,
};

/** One column. */
export const line: GaussianProblem = {
  axes: [{ source: 1.2, target: 0.7 }],
  means: { source: [-1], target: [1] },
  angle: 0,
};

/** Rows of columns along the axes, [d, d]: a rotation of the first two. */
export function axesOf({ axes, angle }: Pick<GaussianProblem, "axes" | "angle">): Tensor {
  if (axes.length === 1) return tensor([1], { shape: [1, 1], dtype: "float64" });
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return tensor([c, s, -s, c], { shape: [2, 2], dtype: "float64" });
}

/** Rows [n, d] of one end: mean and covariance are exactly as in the problem. */
export function drawRows(
  problem: GaussianProblem,
  side: "source" | "target",
  { n, seed }: { n: number; seed: number },
): number[][] {
  const d = problem.axes.length;
  return tidy(() => {
    const z = randn([n, d], { generator: Generator.create(seed), dtype: "float64" });
    const centred = z.sub(z.mean(0));
    const [values, vectors] = centred.t().mm(centred).div(n).linalgEigh();
    const white = centred.mm(vectors.div(values.sqrt()));
    const scales = problem.axes.map((axis) => Math.sqrt(axis[side]));
    const spread = white.mul(tensor(scales, { dtype: "float64" })).mm(axesOf(problem));
    const rows = spread.add(tensor([...problem.means[side]], { dtype: "float64" })).toNumbers();
    return Array.from({ length: n }, (_, i) => rows.slice(i * d, (i + 1) * d));
  });
}

/** Mean [d] and covariances along the problem's axes of two states of the same rows. */
export function momentsAlong(
  problem: GaussianProblem,
  x: readonly (readonly number[])[],
  y: readonly (readonly number[])[] = x,
): { mean: number[]; covariance: number[] } {
  const n = x.length;
  const d = problem.axes.length;
  return tidy(() => {
    const [a, b] = [x, y].map((rows) =>
      tensor(rows.flat(), { shape: [n, d], dtype: "float64" }),
    ) as [Tensor, Tensor];
    const rotation = axesOf(problem).t();
    const along = (rows: Tensor) => rows.sub(rows.mean(0)).mm(rotation);
    return {
      mean: b.mean(0).toNumbers(),
      covariance: along(a).mul(along(b)).mean(0).toNumbers(),
    };
  });
}
