// Local means of values over rows, by Gaussian kernels as wide as a share of all rows.
import type { Tensor } from "@dsbm/torch";
import { squaredDistances } from "../ot/cost.js";

/** Values [m, c] of rows [m, d]. */
export interface ValuesOfRows {
  rows: Tensor;
  values: Tensor;
}

const fewestNeighbours = 5;
/** Share of the neighbours that a value between rows is the mean of. */
const shareBetweenRows = 0.03;

/** exp(−2 (|x_i − y_j|/h_i)²) with h_i the distance to the row of y [m, d] that closes `share` of all: float64 [n, m]. */
export function gaussianKernel(x: Tensor, y: Tensor, share: number): Tensor {
  const squares = squaredDistances(x, y);
  const m = y.size(0);
  const k = Math.min(m, Math.max(fewestNeighbours, Math.round(share * m)));
  const [closest] = squares.topk(k, { dim: 1, largest: false });
  const width = closest.narrow(1, k - 1, 1).clamp({ min: 1e-12 });
  return squares.div(width).mul(-2).exp();
}

/** Means of values [m, c] by weights [n, m]: [n, c]. */
export const weightedMean = (weights: Tensor, values: Tensor): Tensor =>
  weights.matmul(values).div(weights.sum(1, { keepdim: true }));

/** Rows x [n, d] after displacements, averaged around each; null: the same rows. */
export const displacedRows = (x: Tensor, moves: ValuesOfRows | null): Tensor =>
  moves ? x.add(kernelMean(moves, x)) : x;

/** Mean values of the rows around points x [n, d]: float64 [n, c]. */
export const kernelMean = ({ rows, values }: ValuesOfRows, x: Tensor): Tensor =>
  weightedMean(gaussianKernel(x, rows, shareBetweenRows), values);
